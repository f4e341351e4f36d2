// SPDX-License-Identifier: GPL-3.0-or-later
// What stands where there is nothing yet: a heading, a sentence, two or three things to do.
import { n, t } from '../lib/i18n'
import type { Room } from '../lib/room'
import { router } from '../lib/router'
import { client } from '../lib/client'
import { Faces } from './ArtPanel'
import { GroupTile } from './Avatar'
import { Banner } from './Conversation'
import { useSession, useTopics } from './hooks'
import { Icon, type IconName } from './Icon'
import type { Sheet } from './Shell'

export function NoGroups() {
  return (
    <div className="grid place-content-center justify-items-center gap-2 p-8 pt-24 text-center">
      <span className="avatar group hue-iris" style={{ width: 64, height: 64, fontSize: 30 }} aria-hidden="true">
        <span className="emoji">💬</span>
      </span>
      <p className="mt-2 font-bold">{t('No groups yet')}</p>
      <p className="secondary dim">{t('Groups you join appear here.')}</p>
    </div>
  )
}

export function Welcome({ onSheet }: { onSheet: (sheet: Sheet) => void }) {
  const { engine } = useSession()
  useTopics(engine.topics, 'groups', 'me')
  const any = engine.rooms.size > 0
  const host = client.server?.domain ?? location.host
  return (
    <main className="conversation" data-pane>
      <Banner />
      <div className="grid flex-1 place-content-center justify-items-center gap-4 overflow-auto p-6 text-center">
        <Faces size={52} />
        <h2 className="hero mt-3">
          {any ? t('Good to see you, {name}', { name: engine.me.display_name }) : t('Pull up a chair, {name}', { name: engine.me.display_name })}
        </h2>
        <p className="dim">{any ? t('Choose a group on the left, or find a new one.') : t('Join a group on {server}, or start your own.', { server: host })}</p>
        <div className="card rows mt-4 w-full max-w-120 text-start">
          <Action icon="search" hue="sea" title={t('Find groups')} text={t('See what is going on at {server}', { server: host })} act={() => router.go({ at: 'find' })} />
          <Action icon="plus" hue="rust" title={t('Start a group')} text={t('Pick an emoji, a name, and invite people')} act={() => onSheet('new-group')} />
          <Action icon="link" hue="sky" title={t('Open an invite link')} text={t('Paste it here or click it anywhere')} act={() => onSheet('open-link')} />
        </div>
      </div>
    </main>
  )
}

function Action({ icon, hue, title, text, act }: { icon: IconName; hue: string; title: string; text: string; act: () => void }) {
  return (
    <button type="button" className="action-row" onClick={act}>
      <span className={'avatar group hue-' + hue} style={{ width: 36, height: 36 }} aria-hidden="true">
        <Icon name={icon} size={18} />
      </span>
      <span className="min-w-0 flex-1">
        <span className="block">{title}</span>
        <span className="secondary dim block">{text}</span>
      </span>
      <Icon name="forward" />
    </button>
  )
}

/** A group in which nobody has said anything. */
export function Ready({ room, onInvite }: { room: Room; onInvite: () => void }) {
  const { engine } = useSession()
  const { group } = room
  const mayInvite = group.visibility === 'public' || group.mine?.role !== 'member'
  const alone = group.members <= 1
  const starters = [t('👋 Hello!'), t('🗓️ When do we meet?')]
  return (
    <div className="grid min-h-full place-content-center justify-items-center gap-4 p-6 text-center">
      <GroupTile group={group} size={96} />
      <h2 className="hero mt-3">{t('{group} is ready', { group: group.name })}</h2>
      <p className="dim">
        {alone ? t('You started this group. It gets better with company.') : n('{count} person is in this group. Nobody has spoken yet.', '{count} people are in this group. Nobody has spoken yet.', group.members)}
      </p>
      {mayInvite ? (
        <button type="button" className={'button mt-2 ' + (alone ? 'primary' : '')} onClick={onInvite}>
          <Icon name="people" />
          {t('Invite people')}
        </button>
      ) : null}
      <p className="secondary dim mt-4">{t('or break the ice')}</p>
      <div className="flex flex-wrap justify-center gap-2">
        {starters.map((text) => (
          <button key={text} type="button" className="chip tall" onClick={() => client.send(engine.opened ?? room.id, text)}>
            {text}
          </button>
        ))}
      </div>
    </div>
  )
}
