// SPDX-License-Identifier: GPL-3.0-or-later
// Three panes: the list, the conversation, the people. Below 1100 people lie
// over the conversation, below 720 one pane is seen at a time.
import { AnimatePresence, motion } from 'motion/react'
import { useEffect, useRef, useState } from 'react'
import { client } from '../lib/client'
import { toCallError } from '../lib/errors'
import { n, t } from '../lib/i18n'
import { router } from '../lib/router'
import { CallView, useCall } from './Call'
import { CallDoor, Incoming } from './CallDoor'
import { Conversation } from './Conversation'
import { Welcome } from './Empty'
import { FindGroups } from './FindGroups'
import { GroupList, orderGroups } from './GroupList'
import { useMedium, useNarrow, useRoute, useSession, useTopics } from './hooks'
import { JoinByLink } from './JoinByLink'
import { settle } from './motion'
import { NewGroup } from './NewGroup'
import { NotHere } from './NotHere'
import { OpenLink } from './OpenLink'
import { PeoplePane } from './PeoplePane'
import { Profile } from './Profile'
import { QuickJump } from './QuickJump'
import { SignOutDialog } from './SignOutDialog'

const PEOPLE_KEY = 'klatch:people'

function savedPeople(): boolean {
  return client.box.get(PEOPLE_KEY) !== 'closed'
}

export type Sheet = 'call' | 'new-group' | 'open-link' | 'profile' | 'sign-out' | 'jump' | undefined

export function Shell() {
  const { engine } = useSession()
  useTopics(engine.topics, 'app', 'groups')
  const route = useRoute()
  const narrow = useNarrow()
  const medium = useMedium()
  const [sheet, setSheet] = useState<Sheet>()
  const [peopleWide, setPeopleWide] = useState(savedPeople)
  const [peopleOver, setPeopleOver] = useState(false)
  const [floating, setFloating] = useState(false)
  const calls = useCall()
  const panes = useRef<HTMLDivElement>(null)

  const id = route.at === 'group' ? route.id : undefined
  const room = id === undefined ? undefined : engine.rooms.get(id)
  // Under a call that fills the window nothing is read.
  const covered = calls.current !== undefined && !floating
  const showPeople = room !== undefined && (medium ? peopleOver : peopleWide)

  /** The call's view, or the door to it. */
  const openCall = () => {
    if (calls.current && calls.current.group === id) setFloating(false)
    else setSheet('call')
  }

  const answer = async (group: string, video: boolean) => {
    router.go({ at: 'group', id: group, seq: undefined })
    try {
      await calls.media.open(true, video)
      await calls.join(group)
      setFloating(false)
    } catch (cause) {
      const error = toCallError(cause)
      client.say(error.field === 'mesh' ? t('This call is full.') : error.message)
    }
  }

  const togglePeople = () => {
    if (medium) {
      setPeopleOver(!peopleOver)
      return
    }
    setPeopleWide(!peopleWide)
    client.box.set(PEOPLE_KEY, peopleWide ? 'closed' : 'open')
  }

  const known = room !== undefined
  useEffect(() => {
    if (id !== undefined && known) void engine.open(id)
    else engine.close()
    setPeopleOver(false)
  }, [engine, id, known])

  useTitle()

  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (document.querySelector('dialog[open]')) return
      if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
        const rooms = orderGroups(engine).filter((each) => !event.shiftKey || (each.group.mine?.unread ?? 0) > 0)
        const at = rooms.findIndex((each) => each.id === id)
        const step = event.key === 'ArrowDown' ? 1 : -1
        const next = at < 0 ? rooms[step > 0 ? 0 : rooms.length - 1] : rooms[at + step]
        if (next) router.go({ at: 'group', id: next.id, seq: undefined })
      } else if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
        setSheet('jump')
      } else if (event.key.toLowerCase() === 'c' && event.ctrlKey && event.shiftKey && room) {
        openCall()
      } else if (event.key === 'F9') {
        togglePeople()
      } else if (event.key === 'F6') {
        nextPane(panes.current, event.shiftKey)
      } else if (event.key === 'Escape' && peopleOver && medium) {
        setPeopleOver(false)
      } else {
        return
      }
      event.preventDefault()
    }
    document.addEventListener('keydown', onKeyDown)
    return () => document.removeEventListener('keydown', onKeyDown)
  })

  const main = route.at !== 'home'
  const showList = !narrow || !main
  return (
    <div className="shell" ref={panes} data-people={showPeople && !medium ? '' : undefined}>
      {showList ? <GroupList current={id} onSheet={setSheet} /> : null}
      {narrow && !main ? null : (
        <motion.div key={narrow ? 'narrow' : 'wide'} className="stage" initial={narrow ? { x: '24%', opacity: 0 } : false} animate={{ x: 0, opacity: 1 }} transition={settle}>
          {route.at === 'find' ? <FindGroups onSheet={setSheet} /> : null}
          {route.at === 'group' && room && !covered ? <Conversation key={room.id} room={room} seq={route.seq} peopleShown={showPeople} onPeople={togglePeople} onCall={openCall} /> : null}
          {route.at === 'group' && !room ? <NotHere id={route.id} /> : null}
          {route.at === 'home' ? <Welcome onSheet={setSheet} /> : null}
          {route.at === 'invite' ? <JoinByLink key={route.code} code={route.code} /> : null}
        </motion.div>
      )}
      <AnimatePresence initial={false}>
        {showPeople && medium ? <motion.button key="shade" type="button" aria-label={t('Close people')} className="shade" onClick={() => setPeopleOver(false)} initial={{ opacity: 0 }} animate={{ opacity: 1 }} exit={{ opacity: 0 }} transition={{ duration: 0.15 }} /> : null}
        {showPeople ? (
          <motion.div
            key={medium ? 'people-over' : 'people'}
            className={'people-place' + (medium ? ' over' : '')}
            initial={medium ? { x: '100%' } : { opacity: 0 }}
            animate={{ x: 0, opacity: 1 }}
            exit={medium ? { x: '100%' } : { opacity: 0, transition: { duration: 0 } }}
            transition={settle}
          >
            <PeoplePane room={room} onClose={togglePeople} onCall={openCall} />
          </motion.div>
        ) : null}
      </AnimatePresence>
      {sheet === 'call' && room ? <CallDoor room={room} onClose={() => setSheet(undefined)} /> : null}
      <CallView floating={floating} onFloat={() => setFloating(true)} onFill={() => setFloating(false)} />
      <Incoming onJoin={(group, video) => void answer(group, video)} />
      {sheet === 'new-group' ? <NewGroup onClose={() => setSheet(undefined)} /> : null}
      {sheet === 'open-link' ? <OpenLink onClose={() => setSheet(undefined)} /> : null}
      {sheet === 'sign-out' ? <SignOutDialog onClose={() => setSheet(undefined)} /> : null}
      {sheet === 'jump' ? <QuickJump onClose={() => setSheet(undefined)} /> : null}
      {sheet === 'profile' ? <Profile onClose={() => setSheet(undefined)} /> : null}
    </div>
  )
}

/** What waits is told in the tab's title. */
function useTitle(): void {
  const { engine } = useSession()
  let unread = 0
  for (const { group } of engine.rooms.values()) if (group.mine && group.mine.notify !== 'none') unread += group.mine.unread
  const open = engine.opened ? engine.rooms.get(engine.opened) : undefined
  const name = open ? open.group.name + ' – Klatch' : 'Klatch'
  const title = unread > 0 ? n('({count}) {name}', '({count}) {name}', Math.min(unread, 999), { name }) : name
  useEffect(() => {
    document.title = title
  }, [title])
}

function nextPane(root: HTMLElement | null, back: boolean): void {
  if (!root) return
  const panes = [...root.querySelectorAll<HTMLElement>('[data-pane]')]
  const at = panes.findIndex((pane) => pane.contains(document.activeElement))
  const next = panes[(at + (back ? -1 : 1) + panes.length) % panes.length]
  const target = next?.querySelector<HTMLElement>('[data-pane-focus]') ?? next
  target?.focus()
}
