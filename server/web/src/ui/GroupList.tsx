// SPDX-License-Identifier: GPL-3.0-or-later
import { AnimatePresence, LayoutGroup, motion } from 'motion/react'
import { useEffect, useRef, useState, type KeyboardEvent, type RefObject } from 'react'
import type { Engine } from '../lib/engine'
import { number, t } from '../lib/i18n'
import type { Room } from '../lib/room'
import { router } from '../lib/router'
import { PersonAvatar, StatusDot } from './Avatar'
import { NoGroups } from './Empty'
import { GroupRow } from './GroupRow'
import { useMedium, useNow, useSession, useTopics } from './hooks'
import { Icon } from './Icon'
import { MenuButton } from './Menu'
import { pop, settle } from './motion'
import type { Sheet } from './Shell'
import { signOutOrSay } from './SignOutDialog'
import { chooseStyle, savedStyle, type StyleChoice } from './style-choice'

function latest(room: Room): number {
  return room.group.last_message?.created_at ?? room.group.created_at
}

/** Pinned first, then the latest. */
export function orderGroups(engine: Engine): Room[] {
  const rooms = [...engine.rooms.values()].filter((room) => room.group.kind === 'group')
  return rooms.sort((a, b) => Number(b.group.mine?.pinned ?? false) - Number(a.group.mine?.pinned ?? false) || latest(b) - latest(a) || (a.id < b.id ? -1 : 1))
}

/** Rows keep their places while the pointer is over them. */
function useSteadyOrder(rooms: Room[]): [Room[], { onPointerEnter: (event: { pointerType: string }) => void; onPointerLeave: () => void }] {
  const frozen = useRef<string[] | undefined>(undefined)
  const [, render] = useState(0)
  let shown = rooms
  if (frozen.current) {
    const places = new Map(frozen.current.map((id, index) => [id, index]))
    shown = [...rooms].sort((a, b) => (places.get(a.id) ?? -1) - (places.get(b.id) ?? -1))
  }
  const ids = shown.map((room) => room.id)
  return [
    shown,
    {
      onPointerEnter: (event) => {
        if (event.pointerType === 'mouse') frozen.current = ids
      },
      onPointerLeave: () => {
        frozen.current = undefined
        render((count) => count + 1)
      },
    },
  ]
}

/** Rows share one pitch: those out of sight are only room. */
const PITCH = 66
const SPARE_ROWS = 8

/** The rows to draw, [from, to), for where the element of the ref is scrolled to. */
function useWindow(count: number): [RefObject<HTMLDivElement | null>, number, number] {
  const ref = useRef<HTMLDivElement>(null)
  const [at, setAt] = useState({ first: 0, rows: 20 })
  useEffect(() => {
    const element = ref.current
    if (!element) return undefined
    const look = () => {
      // In steps, so that not every pixel draws anew.
      const first = Math.floor(element.scrollTop / PITCH / 4) * 4
      const rows = Math.ceil(element.clientHeight / PITCH) + 4
      setAt((before) => (before.first === first && before.rows === rows ? before : { first, rows }))
    }
    look()
    element.addEventListener('scroll', look, { passive: true })
    const observer = new ResizeObserver(look)
    observer.observe(element)
    return () => {
      element.removeEventListener('scroll', look)
      observer.disconnect()
    }
  }, [])
  const from = Math.max(0, Math.min(at.first - SPARE_ROWS, count - at.rows))
  return [ref, from, Math.min(count, at.first + at.rows + SPARE_ROWS)]
}

export function GroupList({ current, onSheet }: { current: string | undefined; onSheet: (sheet: Sheet) => void }) {
  const { engine } = useSession()
  useTopics(engine.topics, 'app', 'groups', 'me', 'users')
  const [filter, setFilter] = useState<'all' | 'unread'>('all')
  const all = orderGroups(engine)
  const unread = all.filter((room) => (room.group.mine?.unread ?? 0) > 0)
  const filtered = filter === 'unread' ? all.filter((room) => unread.includes(room) || room.id === current) : all
  const [rooms, steady] = useSteadyOrder(filtered)
  const now = useNow()
  const list = useRef<HTMLUListElement>(null)
  const medium = useMedium()
  const [scroll, from, to] = useWindow(rooms.length)
  const shown = rooms.slice(from, to)
  const order = shown.map((room) => room.id).join()
  const tab = Math.max(0, rooms.findIndex((room) => room.id === current))

  const onKeyDown = (event: KeyboardEvent) => {
    const links = [...(list.current?.querySelectorAll<HTMLElement>('a') ?? [])]
    const at = links.indexOf(document.activeElement as HTMLElement)
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key]
    if (next === undefined || event.altKey || at < 0) return
    const link = links[Math.min(Math.max(next, 0), links.length - 1)]
    link?.focus()
    link?.scrollIntoView({ block: 'nearest' })
    event.preventDefault()
  }

  return (
    <nav className="list-pane" data-pane aria-label={t('Groups')}>
      <header className="pane-header">
        <AccountMenu onSheet={onSheet} />
        <h1 className="title flex-1 text-center">Klatch</h1>
        <button type="button" className="icon-button" aria-label={t('Find groups')} title={t('Find groups')} onClick={() => router.go({ at: 'find' })}>
          <Icon name="search" />
        </button>
        <button type="button" className="icon-button" aria-label={t('New group')} title={t('New group')} onClick={() => onSheet('new-group')}>
          <Icon name="new-group" />
        </button>
      </header>
      {all.length > 0 ? (
        <div className="filters" role="group" aria-label={t('Filter')}>
          <Chip on={filter === 'all'} onClick={() => setFilter('all')} label={t('All')} />
          <Chip on={filter === 'unread'} onClick={() => setFilter('unread')} label={t('Unread')} count={unread.length} />
        </div>
      ) : null}
      <motion.div ref={scroll} layoutScroll className="list-scroll" {...steady}>
        {all.length === 0 && engine.syncs > 0 ? <NoGroups /> : null}
        {all.length > 0 && rooms.length === 0 ? <p className="dim p-8 text-center">{t('Nothing unread. Enjoy it.')}</p> : null}
        <LayoutGroup id={medium ? 'medium' : 'wide'}>
          <ul ref={list} className="group-list" onKeyDown={onKeyDown} style={{ paddingBlock: from * PITCH + 'px ' + (rooms.length - to) * PITCH + 'px' }}>
            <AnimatePresence initial={false}>
              {shown.map((room, index) => (
                <motion.li
                  key={room.id}
                  layout="position"
                  layoutDependency={order}
                  aria-posinset={from + index + 1}
                  aria-setsize={rooms.length}
                  initial={{ opacity: 0 }}
                  animate={{ opacity: 1 }}
                  exit={{ opacity: 0, transition: { duration: 0 } }}
                  transition={settle}
                >
                  <GroupRow room={room} current={room.id === current} now={now} tab={from + index === tab} />
                </motion.li>
              ))}
            </AnimatePresence>
          </ul>
        </LayoutGroup>
      </motion.div>
    </nav>
  )
}

function Chip({ on, onClick, label, count = 0 }: { on: boolean; onClick: () => void; label: string; count?: number }) {
  return (
    <button type="button" className="chip" aria-pressed={on} onClick={onClick}>
      {label}
      <AnimatePresence mode="wait" initial={false}>
        {count > 0 ? (
          <motion.span key={count} className="tabular" initial={{ scale: 0.6 }} animate={{ scale: 1 }} transition={pop}>
            {number(count)}
          </motion.span>
        ) : null}
      </AnimatePresence>
    </button>
  )
}

function AccountMenu({ onSheet }: { onSheet: (sheet: Sheet) => void }) {
  const { engine, outbox } = useSession()
  const [style, setStyle] = useState<StyleChoice>(savedStyle)
  const me = engine.me
  const choose = (choice: StyleChoice) => () => {
    chooseStyle(choice)
    setStyle(choice)
  }
  const signOut = () => {
    if (outbox.size > 0) onSheet('sign-out')
    else void signOutOrSay()
  }
  return (
    <MenuButton
      label={t('Account')}
      className="avatar-button"
      align="start"
      head={
        <div className="menu-head">
          <span className="block truncate font-bold">
            <bdi>{me.display_name}</bdi>
          </span>
          <span className="secondary dim block truncate">
            <bdi>{me.address}</bdi>
          </span>
        </div>
      }
      sections={[
        [{ label: t('Your name'), icon: 'edit', act: () => onSheet('profile') }],
        [
          { heading: t('Style') },
          { label: t('As the system'), checked: style === 'system', act: choose('system') },
          { label: t('Light'), checked: style === 'light', act: choose('light') },
          { label: t('Dark'), checked: style === 'dark', act: choose('dark') },
        ],
        [{ label: t('Sign out'), icon: 'leave', act: signOut }],
      ]}
    >
      <PersonAvatar user={me} size={28} />
      {engine.live ? <StatusDot status={me.status === 'offline' || !me.status ? 'online' : me.status} /> : null}
    </MenuButton>
  )
}
