// SPDX-License-Identifier: GPL-3.0-or-later
import { AnimatePresence, motion } from 'motion/react'
import { useState } from 'react'
import { client } from '../lib/client'
import { toCallError } from '../lib/errors'
import { n, t } from '../lib/i18n'
import type { Room } from '../lib/room'
import { router } from '../lib/router'
import { GroupTile } from './Avatar'
import { useCall } from './Call'
import { Composer } from './Composer'
import { useNarrow, useSession, useTopics } from './hooks'
import { Icon } from './Icon'
import { InviteDialog } from './InviteDialog'
import { LeaveDialog } from './LeaveDialog'
import { MenuButton, type MenuItem } from './Menu'
import { reveal } from './motion'
import { Timeline } from './Timeline'
import { TypingLine } from './TypingLine'

export function Conversation({ room, seq, peopleShown, onPeople, onCall }: { room: Room; seq: number | undefined; peopleShown: boolean; onPeople: () => void; onCall: () => void }) {
  const { engine } = useSession()
  useTopics(engine.topics, 'app', 'g:' + room.id)
  const [inviting, setInviting] = useState(false)
  const [leaving, setLeaving] = useState(false)
  return (
    <main className="conversation" data-pane aria-label={room.group.name}>
      <Header room={room} peopleShown={peopleShown} onPeople={onPeople} onCall={onCall} onInvite={() => setInviting(true)} onLeave={() => setLeaving(true)} />
      <Banner />
      <Timeline room={room} target={seq} onInvite={() => setInviting(true)} />
      <TypingLine room={room} />
      <Composer room={room} />
      {inviting ? <InviteDialog room={room} onClose={() => setInviting(false)} /> : null}
      {leaving ? <LeaveDialog room={room} onClose={() => setLeaving(false)} /> : null}
    </main>
  )
}

/** "5 here · 14 members"; alone: "You are here". */
function Subtitle({ room, narrow }: { room: Room; narrow: boolean }) {
  const { engine } = useSession()
  const { here, members } = room.group
  const count = n('{count} member', '{count} members', members)
  if (!engine.live) {
    return (
      <span className="secondary">
        <b className="away-text">{client.broken ? t('Waiting for network') : t('Connecting…')}</b>
        {narrow ? null : <span className="dim"> · {count}</span>}
      </span>
    )
  }
  return (
    <span className="secondary">
      {here > 0 ? (
        <b className="here-text">
          <span className="here-dot" aria-hidden="true" />
          {here === 1 && (room.here?.has(engine.me.id) ?? false) ? t('You are here') : n('{count} here', '{count} here', here)}
        </b>
      ) : null}
      {narrow && here > 0 ? null : (
        <span className="dim">
          {here > 0 ? ' · ' : ''}
          {count}
        </span>
      )}
    </span>
  )
}

function Header({ room, peopleShown, onPeople, onCall, onInvite, onLeave }: { room: Room; peopleShown: boolean; onPeople: () => void; onCall: () => void; onInvite: () => void; onLeave: () => void }) {
  const narrow = useNarrow()
  const { group } = room
  const mine = group.mine
  const set = async (settings: Parameters<typeof client.setGroup>[1]) => {
    try {
      await client.setGroup(room.id, settings)
    } catch (cause) {
      client.say(toCallError(cause).code === 'offline' ? t('That needs the connection. Please try again when it is back.') : toCallError(cause).message)
    }
  }
  const first: MenuItem[] = []
  if (narrow) first.push({ label: t('People'), icon: 'people', act: onPeople })
  if (group.visibility === 'public' || mine?.role !== 'member') first.push({ label: t('Invite people'), icon: 'link', act: onInvite })
  const muted = mine?.notify === 'none'
  return (
    <header className="pane-header conversation-header">
      {narrow ? (
        <button type="button" className="icon-button" aria-label={t('Back to the list')} title={t('Back to the list')} onClick={() => router.up()}>
          <Icon name="back" />
        </button>
      ) : null}
      <button type="button" className="header-group" onClick={onPeople} aria-label={t('People in {group}', { group: group.name })}>
        <GroupTile group={group} size={36} />
        <span className="min-w-0 text-start">
          <span className="title block truncate">
            <bdi>{group.name}</bdi>
          </span>
          <span className="block truncate">
            <Subtitle room={room} narrow={narrow} />
          </span>
        </span>
      </button>
      <span className="flex-1" />
      <CallButton room={room} onCall={onCall} />
      {narrow ? null : (
        <button type="button" className="icon-button" aria-pressed={peopleShown} aria-label={t('People')} title={t('People (F9)')} onClick={onPeople}>
          <Icon name="people" size={18} />
        </button>
      )}
      <MenuButton
        label={t('Group menu')}
        className="icon-button"
        sections={[
          ...(first.length > 0 ? [first] : []),
          [
            { label: mine?.pinned ? t('Unpin from the top') : t('Pin to the top'), icon: 'pin', act: () => void set({ pinned: !mine?.pinned }) },
            { label: muted ? t('Unmute') : t('Mute'), icon: 'muted', act: () => void set({ notify: muted ? 'all' : 'none' }) },
          ],
          [{ label: t('Leave group'), icon: 'leave', danger: true, act: onLeave }],
        ]}
      >
        <Icon name="menu" />
      </MenuButton>
    </header>
  )
}

/** Solid where somebody waits in a call. */
function CallButton({ room, onCall }: { room: Room; onCall: () => void }) {
  const calls = useCall()
  const mine = calls.current?.group === room.id
  const on = (room.group.call?.peers.length ?? 0) > 0
  const label = mine ? t('Show the call') : on ? t('Join the call') : t('Start a call')
  return (
    <button type="button" className={'icon-button' + (on && !mine ? ' joinable' : '')} aria-label={label} aria-keyshortcuts="Control+Shift+C" title={label} onClick={onCall}>
      <Icon name="camera" size={18} />
    </button>
  )
}

/** One at a time: the line is more urgent than a new version. */
export function Banner() {
  useTopics(client.topics, 'app')
  return (
    <div role="status">
      <AnimatePresence initial={false}>
        {client.broken ? (
          <motion.div key="broken" className="banner" initial={{ height: 0 }} animate={{ height: 'auto' }} exit={{ height: 0 }} transition={reveal}>
            <div className="banner-body">
              <span className="spinner" aria-hidden="true" />
              <b className="flex-1">{t('No connection. Messages go out when it is back.')}</b>
              <button type="button" className="banner-button" onClick={() => client.retryNow()}>
                {t('Retry')}
              </button>
            </div>
          </motion.div>
        ) : client.session?.outbox.held ? (
          <motion.div key="held" className="banner" initial={{ height: 0 }} animate={{ height: 'auto' }} exit={{ height: 0 }} transition={reveal}>
            <div className="banner-body">
              <span className="spinner" aria-hidden="true" />
              <b className="flex-1">{t('The server can store nothing right now. Messages go out as soon as it can.')}</b>
            </div>
          </motion.div>
        ) : client.outdated ? (
          <motion.div key="outdated" className="banner calm" initial={{ height: 0 }} animate={{ height: 'auto' }} exit={{ height: 0 }} transition={reveal}>
            <div className="banner-body">
              <b className="flex-1">{t('Klatch has a new version. What you are writing is kept.')}</b>
              <button type="button" className="banner-button" onClick={() => location.reload()}>
                {t('Reload')}
              </button>
            </div>
          </motion.div>
        ) : null}
      </AnimatePresence>
    </div>
  )
}
