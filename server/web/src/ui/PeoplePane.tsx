// SPDX-License-Identifier: GPL-3.0-or-later
import { AnimatePresence, motion } from 'motion/react'
import { memo, useEffect, useRef } from 'react'
import { SMALL_GROUP } from '../lib/engine'
import { lastSeen } from '../lib/format'
import { n, number, t } from '../lib/i18n'
import { sortPeople, type Person } from '../lib/people'
import type { Room } from '../lib/room'
import { twins } from '../lib/text'
import type { Role, User } from '../lib/types'
import { PersonAvatar, StatusDot } from './Avatar'
import { CallCard } from './CallDoor'
import { Roll } from './GroupRow'
import { useNow, useSession, useTopics } from './hooks'
import { Icon } from './Icon'
import { fade, settle } from './motion'

export function PeoplePane({ room, onClose, onCall }: { room: Room; onClose: () => void; onCall: () => void }) {
  const { engine } = useSession()
  useTopics(engine.topics, 'app', 'g:' + room.id, 'p:' + room.id, 't:' + room.id, 'users')
  const now = useNow()
  const people = sortPeople(engine, room)
  const alike = twins([...people.here, ...people.online, ...people.offline, ...(people.all ?? [])].map((person) => person.user))
  const large = room.group.members > SMALL_GROUP
  const hereCount = Math.max(room.group.here, people.here.length)
  const onlineCount = large ? Math.max(0, room.group.online - hereCount) : people.online.length
  const offlineCount = large ? Math.max(0, room.group.members - hereCount - onlineCount) : people.offline.length
  const order = [people.here, people.online, people.offline, people.all ?? []].map((list) => list.map((person) => person.user.id).join()).join(';')
  const section = (key: string, title: string, list: Person[], count: number) => (
    <Section key={key} kind={key} title={title} people={list} count={count} room={room} alike={alike} now={now} order={order} />
  )
  return (
    <aside className="people-pane" data-pane aria-label={t('People')}>
      <header className="pane-header">
        <span className="w-12" />
        <div className="flex-1 text-center">
          <h2 className="title">{t('People')}</h2>
          <p className="secondary dim">{n('{count} member', '{count} members', room.group.members)}</p>
        </div>
        <button type="button" className="round-button" data-pane-focus aria-label={t('Close people')} title={t('Close (F9)')} onClick={onClose}>
          <Icon name="close" size={13} />
        </button>
      </header>
      <motion.div layoutScroll className="people-scroll">
        <CallCard room={room} onJoin={onCall} />
        {people.all ? section('all', t('Members'), people.all, room.group.members) : null}
        {people.here.length > 0 ? section('here', t('Here now'), people.here, hereCount) : null}
        {people.online.length > 0 ? section('online', t('Online'), people.online, onlineCount) : null}
        {people.offline.length > 0 ? section('offline', t('Offline'), people.offline, offlineCount) : null}
        {room.membersNext ? <More room={room} /> : null}
      </motion.div>
    </aside>
  )
}

function Section({ kind, title, people, count, room, alike, now, order }: { kind: string; title: string; people: Person[]; count: number; room: Room; alike: Set<string>; now: number; order: string }) {
  return (
    <section>
      <h3 className={'people-title' + (kind === 'here' ? ' here-text' : '')}>
        {title} <Roll value={count} max={999_999} />
      </h3>
      <ul>
        <AnimatePresence initial={false}>
          {people.map((person) => (
            <motion.li key={person.user.id} layout="position" layoutDependency={order} initial={{ opacity: 0 }} animate={{ opacity: 1 }} exit={{ opacity: 0, transition: fade }} transition={settle}>
              <PersonRow user={person.user} role={person.role} typing={room.typing.has(person.user.id)} inCall={room.group.call?.peers.some((each) => each.user === person.user.id) ?? false} kind={kind} twin={alike.has(person.user.id)} now={now} />
            </motion.li>
          ))}
        </AnimatePresence>
      </ul>
    </section>
  )
}

const PersonRow = memo(function PersonRow({ user, role, typing, inCall, kind, twin, now }: { user: User; role: Role | undefined; typing: boolean; inCall: boolean; kind: string; twin: boolean; now: number }) {
  const { engine } = useSession()
  const me = user.id === engine.me.id
  const alive = kind === 'here' || kind === 'online'
  const status = !alive ? undefined : user.status && user.status !== 'offline' ? user.status : 'online'
  let note = ''
  if (typing) note = t('typing…')
  else if (inCall) note = t('In the call')
  else if (alive && user.status_text) note = user.status_text
  else if (alive && status === 'away') note = t('Away')
  else if (alive && status === 'dnd') note = t('Do not disturb')
  else if (kind === 'offline' && user.last_seen_at) note = lastSeen(user.last_seen_at, now)
  return (
    <div className="person-row" title={user.address}>
      <span className="relative">
        <PersonAvatar user={user} size={34} faded={kind === 'offline'} />
        <StatusDot status={status} />
      </span>
      <span className="min-w-0 flex-1">
        <span className="flex items-baseline gap-2">
          <bdi className="truncate">{user.display_name}</bdi>
          {me ? <span className="secondary dim shrink-0">{t('you')}</span> : null}
        </span>
        {twin ? (
          <span className="secondary dim block truncate">
            <bdi>{user.address}</bdi>
          </span>
        ) : null}
        {note ? (
          <span className={'secondary block truncate ' + (typing ? 'here-text' : 'dim')}>
            <bdi>{note}</bdi>
          </span>
        ) : null}
      </span>
      {role === 'owner' ? <span className="pill accent">{t('Owner')}</span> : null}
      {role === 'admin' ? <span className="pill">{t('Admin')}</span> : null}
      <span className="sr-only">{status === 'away' ? t('away') : status === 'dnd' ? t('do not disturb') : ''}</span>
    </div>
  )
})

/** The rest of a large group is read as one scrolls down to it. */
function More({ room }: { room: Room }) {
  const { engine } = useSession()
  const ref = useRef<HTMLButtonElement>(null)
  const shown = room.members?.size ?? 0
  useEffect(() => {
    const element = ref.current
    if (!element) return undefined
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) void engine.loadMembers(room.id, true)
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [engine, room.id, shown])
  return (
    <button ref={ref} type="button" className="button flat wide" onClick={() => void engine.loadMembers(room.id, true)}>
      {t('Show more ({count})', { count: number(Math.max(0, room.group.members - shown)) })}
    </button>
  )
}
