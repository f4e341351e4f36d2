// SPDX-License-Identifier: GPL-3.0-or-later
import { AnimatePresence, motion } from 'motion/react'
import { memo, type MouseEvent } from 'react'
import { client } from '../lib/client'
import type { Engine } from '../lib/engine'
import { fullTime, listTime } from '../lib/format'
import { n, number, t } from '../lib/i18n'
import type { Room } from '../lib/room'
import { pathOf, router } from '../lib/router'
import { preview } from '../lib/text'
import type { Message } from '../lib/types'
import { GroupTile } from './Avatar'
import { useSession, useTopics } from './hooks'
import { Icon } from './Icon'
import { pop } from './motion'
import { ticksOf, Ticks } from './Ticks'

function senderName(engine: Engine, message: Message): string {
  return engine.users.get(message.sender)?.display_name ?? ''
}

function typingText(engine: Engine, room: Room): string | undefined {
  const first = room.typing.keys().next().value
  if (first === undefined) return undefined
  return t('{name} is typing…', { name: engine.users.get(first)?.display_name ?? t('Somebody') })
}

/** The name that a screen reader says for the row. */
function rowLabel(engine: Engine, room: Room, text: string, time: string): string {
  const { name, mine, here } = room.group
  const said = [name]
  if (mine && mine.unread > 0) said.push(n('{count} unread', '{count} unread', mine.unread))
  if (mine && mine.mentions > 0) said.push(n('{count} mention', '{count} mentions', mine.mentions))
  if (mine?.notify === 'none') said.push(t('muted'))
  if (engine.live && here > 0) said.push(n('{count} here', '{count} here', here))
  if (engine.live && room.group.call) said.push(n('{count} in a call', '{count} in a call', room.group.call.peers.length))
  if (text) said.push(text)
  said.push(time)
  return said.join(', ')
}

export const GroupRow = memo(function GroupRow({ room, current, now, tab }: { room: Room; current: boolean; now: number; tab: boolean }) {
  const { engine, outbox } = useSession()
  useTopics(engine.topics, 'app', 'names', 'g:' + room.id, 't:' + room.id, 'd:' + room.id)
  const { group } = room
  const mine = group.mine
  const pending = outbox.of(room.id).at(-1)
  const last = group.last_message
  const at = pending?.at ?? last?.created_at ?? group.created_at
  const unread = mine?.unread ?? 0
  const draft = current ? '' : client.draft(room.id)
  const typing = typingText(engine, room)
  const own = pending !== undefined || last?.sender === engine.me.id
  const body = pending ? preview(pending.body) : last?.deleted ? t('Message deleted') : last ? preview(last.body ?? '', last.cut) : ''
  const sender = pending || !last ? '' : own ? '' : senderName(engine, last)
  const label = rowLabel(engine, room, draft ? t('Draft: {text}', { text: preview(draft) }) : sender ? sender + ': ' + body : body, fullTime(at))

  const onClick = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
    event.preventDefault()
    router.go({ at: 'group', id: room.id, seq: undefined })
  }

  return (
    <a
      href={pathOf({ at: 'group', id: room.id, seq: undefined })}
      className={'group-row' + (unread > 0 ? ' unread' : '')}
      aria-current={current ? 'page' : undefined}
      aria-label={label}
      data-pane-focus={tab ? '' : undefined}
      tabIndex={tab ? 0 : -1}
      draggable={false}
      onClick={onClick}
    >
      <span className="tile-place">
        <GroupTile group={group} size={48} />
        <AnimatePresence initial={false}>
          {engine.live && group.call && group.call.peers.length > 0 ? (
            <motion.span key="call" className="live-pill in-call tabular" initial={{ scale: 0.6, opacity: 0 }} animate={{ scale: 1, opacity: 1 }} exit={{ scale: 0.6, opacity: 0 }} transition={pop}>
              <Icon name="call" size={11} />
              <Roll value={group.call.peers.length} />
            </motion.span>
          ) : engine.live && group.here > 0 ? (
            <motion.span key="live" className="live-pill tabular" initial={{ scale: 0.6, opacity: 0 }} animate={{ scale: 1, opacity: 1 }} exit={{ scale: 0.6, opacity: 0 }} transition={pop}>
              <Roll value={group.here} />
            </motion.span>
          ) : null}
        </AnimatePresence>
      </span>
      <span className="row-lines">
        <span className="row-line">
          <bdi className="row-name">{group.name}</bdi>
          {mine?.notify === 'none' ? <Icon name="muted" size={14} className="dim" /> : null}
          <span className="flex-1" />
          {mine?.pinned ? <Icon name="pin" size={13} className="dim" /> : null}
          <time className="meta tabular dim" dateTime={new Date(at).toISOString()}>
            {listTime(at, now)}
          </time>
        </span>
        <span className="row-line">
          <span className="row-preview">
            {typing ? (
              <bdi className="here-text">{typing}</bdi>
            ) : draft ? (
              <>
                <b className="draft">{t('Draft:')}</b> <bdi>{preview(draft)}</bdi>
              </>
            ) : (
              <>
                {own && (pending || last) && !last?.deleted ? <Ticks state={pending ? ticksOf(pending, undefined, undefined) : ticksOf(undefined, last, mine?.others_read_seq)} /> : null}
                {sender ? (
                  <b>
                    <bdi>{sender}</bdi>:{' '}
                  </b>
                ) : null}
                <bdi>{body || group.topic || t('No messages yet')}</bdi>
              </>
            )}
          </span>
          <AnimatePresence initial={false}>
            {mine && mine.mentions > 0 ? (
              <motion.span key="mention" className="badge mention" initial={{ scale: 0.6 }} animate={{ scale: 1 }} exit={{ scale: 0.6, opacity: 0 }} transition={pop}>
                @
              </motion.span>
            ) : null}
            {unread > 0 ? (
              <motion.span key="unread" className="badge tabular" initial={{ scale: 0.6 }} animate={{ scale: 1 }} exit={{ scale: 0.6, opacity: 0 }} transition={pop}>
                <Roll value={unread} max={999} />
              </motion.span>
            ) : null}
          </AnimatePresence>
        </span>
      </span>
    </a>
  )
})

/** A number that rolls when it changes. */
export function Roll({ value, max = 9_999 }: { value: number; max?: number }) {
  return (
    <span className="roll">
      <AnimatePresence mode="wait" initial={false}>
        <motion.span key={value} className="inline-block" initial={{ y: 6, opacity: 0 }} animate={{ y: 0, opacity: 1 }} transition={pop}>
          {value > max ? number(max) + '+' : number(value)}
        </motion.span>
      </AnimatePresence>
    </span>
  )
}
