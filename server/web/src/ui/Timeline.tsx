// SPDX-License-Identifier: GPL-3.0-or-later
// The scrolling view of one conversation. Nothing moves under the reader's
// eyes: after every change of content or size the view is put back, before it
// is painted, to the newest message (if the reader was there) or to the row
// that stood nearest to the upper middle.
import { animate, motion, useMotionValue } from 'motion/react'
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import { lastSeq } from '../lib/conversation'
import { dayLabel } from '../lib/format'
import { n, t } from '../lib/i18n'
import type { Anchor, Room } from '../lib/room'
import { buildRows, type Row } from '../lib/rows'
import { Announcer } from './Announcer'
import { Ready } from './Empty'
import { useNow, useReducedMotion, useSession, useTopics } from './hooks'
import { JumpButton } from './JumpButton'
import { MessageRow } from './MessageRow'
import { arrive } from './motion'
import { SystemRowView } from './SystemRow'
import { ticksOf } from './Ticks'

/** The anchor is the row nearest to this part of the view's height. */
const READING_LINE = 0.4
const UNREAD_TOP = 48
const BOTTOM_SLACK = 2
/** More arrivals at once do not slide. */
const SLIDE_MAX = 3
const PILL_MS = 1_200
const JUMP_S = 0.3

type Scroller = HTMLDivElement

function atBottom(view: Scroller): boolean {
  return view.scrollHeight - view.scrollTop - view.clientHeight <= BOTTOM_SLACK
}

function rowsOf(list: HTMLElement): HTMLElement[] {
  return list.children as unknown as HTMLElement[]
}

/** The first row whose foot is below y, by bisection: rows stand in order. */
function rowAt(list: HTMLElement, y: number): HTMLElement | undefined {
  const rows = rowsOf(list)
  let low = 0
  let high = rows.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    const row = rows[middle]!
    if (row.offsetTop + row.offsetHeight > y) high = middle
    else low = middle + 1
  }
  return rows[low]
}

/** A message row if there is one near: other rows may come and go with their neighbours. */
function anchorRow(list: HTMLElement, y: number): HTMLElement | undefined {
  const found = rowAt(list, y)
  let row = found
  for (let tries = 0; row && tries < 4; tries += 1) {
    if (row.dataset['seq']) return row
    row = row.nextElementSibling as HTMLElement | undefined
  }
  return found
}

export function Timeline({ room, target, onInvite }: { room: Room; target: number | undefined; onInvite: () => void }) {
  const { engine, outbox } = useSession()
  const version = useTopics(engine.topics, 'app', 'c:' + room.id)
  const now = useNow()
  const reduced = useReducedMotion()
  const view = useRef<Scroller>(null)
  const list = useRef<HTMLDivElement>(null)
  const stick = useRef(true)
  const anchor = useRef<Anchor | undefined>(undefined)
  const lastTop = useRef(0)
  const placed = useRef(false)
  const jump = useRef<{ stop: () => void } | undefined>(undefined)
  const before = useRef<{ rows: readonly Row[]; height: number }>({ rows: [], height: 0 })
  const slide = useMotionValue(0)
  const [away, setAway] = useState(false)
  const [pill, setPill] = useState<string>()
  const pillTimer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)

  const stretch = room.stretch
  const line = room.line
  const atTail = stretch !== undefined && !stretch.moreAfter
  const rows = useMemo(
    () => (stretch ? buildRows(stretch.messages, atTail ? outbox.of(room.id) : [], engine.me.id, line) : []),
    // The version stands for the outbox, which is not a value; now for the calendar day.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [stretch, atTail, line, version, engine, outbox, room.id, now],
  )

  // Rows that were not there in the last picture, after what was the newest one.
  const old = before.current.rows
  const newestOld = old[old.length - 1]?.key
  const newestAt = newestOld === undefined ? -1 : rows.findIndex((row) => row.key === newestOld)
  const arrivals = newestAt < 0 ? 0 : rows.length - 1 - newestAt
  const moving = arrivals > 0 && arrivals <= SLIDE_MAX && stick.current && placed.current && !reduced && !document.hidden
  const entering = moving ? new Set(rows.slice(newestAt + 1).map((row) => row.key)) : undefined

  const remember = useCallback(() => {
    if (!view.current || !list.current) return
    lastTop.current = view.current.scrollTop
    const row = anchorRow(list.current, view.current.scrollTop + view.current.clientHeight * READING_LINE)
    anchor.current = row ? { key: row.dataset['key']!, top: row.offsetTop - view.current.scrollTop } : undefined
  }, [])

  /** Puts the view where the reader left it. */
  const restore = useCallback(() => {
    const element = view.current
    if (!element || !list.current || !placed.current || jump.current) return
    // The reader may have scrolled since, and the event that tells of it is still to come; at the very end it is the
    // content that has shrunk.
    const end = element.scrollHeight - element.clientHeight
    const scrolled = element.scrollTop < end - BOTTOM_SLACK ? element.scrollTop - lastTop.current : 0
    if (stick.current && scrolled < -1) {
      stick.current = false
    } else if (stick.current) {
      element.scrollTop = element.scrollHeight
    } else if (anchor.current) {
      const row = list.current.querySelector<HTMLElement>('[data-key="' + CSS.escape(anchor.current.key) + '"]')
      if (row) {
        const top = row.offsetTop - anchor.current.top + scrolled
        if (Math.abs(element.scrollTop - top) >= 0.5) element.scrollTop = top
      }
    }
    remember()
  }, [remember])

  /** What can be seen has been read. */
  const seen = useCallback(() => {
    const element = view.current
    if (!element || !list.current || !placed.current) return
    const watching = !document.hidden && document.hasFocus()
    engine.attentive = watching && stick.current && engine.opened === room.id
    if (!watching || engine.opened !== room.id || !room.stretch) return
    if (stick.current && !room.stretch.moreAfter) {
      engine.markRead(room.id, lastSeq(room.stretch))
      return
    }
    let row: Element | null | undefined = rowAt(list.current, element.scrollTop + element.clientHeight)
    while (row && (!(row as HTMLElement).dataset['seq'] || (row as HTMLElement).offsetTop + (row as HTMLElement).offsetHeight > element.scrollTop + element.clientHeight + 4)) row = row.previousElementSibling
    const seq = Number((row as HTMLElement | undefined)?.dataset['seq'])
    if (seq > 0 && seq < Number.MAX_SAFE_INTEGER) engine.markRead(room.id, seq)
  }, [engine, room])

  const askMore = useCallback(() => {
    const element = view.current
    if (!element || !placed.current || !room.stretch) return
    const near = element.clientHeight * 3
    if (element.scrollTop < near) void engine.loadOlder(room.id)
    if (element.scrollHeight - element.scrollTop - element.clientHeight < near) void engine.loadNewer(room.id)
  }, [engine, room])

  // The first picture: at the unread line, at the message asked for, where one was, or at the newest.
  const place = useCallback(() => {
    const element = view.current
    if (!element || !list.current || placed.current || !room.stretch) return
    placed.current = true
    stick.current = false
    const wanted = target === undefined ? undefined : list.current.querySelector<HTMLElement>('[data-seq="' + target + '"]')
    const unread = list.current.querySelector<HTMLElement>('[data-key="unread"]')
    const kept = room.anchor
    if (wanted) element.scrollTop = wanted.offsetTop - element.clientHeight * READING_LINE
    else if (unread) element.scrollTop = unread.offsetTop - UNREAD_TOP
    else if (kept) {
      anchor.current = kept
      lastTop.current = element.scrollTop
    }
    else stick.current = !room.stretch.moreAfter
    if (!stick.current && kept === undefined && atBottom(element) && !room.stretch.moreAfter) stick.current = true
    if (wanted || unread) remember()
    if (wanted) wanted.classList.add('flash')
  }, [room, target, remember])

  useLayoutEffect(() => {
    const element = view.current
    if (!element || !list.current) return
    place()
    if (moving) {
      const grown = list.current.offsetHeight - before.current.height
      if (grown > 0) {
        const from = Math.min(slide.get() + grown, element.clientHeight)
        slide.set(from)
        animate(slide, 0, arrive)
      }
    }
    restore()
    before.current = { rows, height: list.current.offsetHeight }
    setAway(!stick.current)
  })

  useEffect(() => {
    seen()
    askMore()
  }, [version, seen, askMore])

  useEffect(() => {
    const element = view.current
    const content = list.current
    if (!element || !content) return undefined
    const observer = new ResizeObserver(() => {
      restore()
      before.current.height = content.offsetHeight
      askMore()
    })
    observer.observe(element)
    observer.observe(content)
    const back = () => seen()
    addEventListener('focus', back)
    addEventListener('blur', back)
    document.addEventListener('visibilitychange', back)
    return () => {
      observer.disconnect()
      removeEventListener('focus', back)
      removeEventListener('blur', back)
      document.removeEventListener('visibilitychange', back)
      clearTimeout(pillTimer.current)
      room.anchor = stick.current || !placed.current ? undefined : anchor.current
      engine.attentive = false
    }
  }, [engine, room, restore, askMore, seen])

  const onScroll = () => {
    const element = view.current
    if (!element || !list.current || !placed.current) return
    const moved = anchor.current
    stick.current = !jump.current && atBottom(element) && !(room.stretch?.moreAfter ?? false)
    remember()
    setAway(!stick.current)
    seen()
    askMore()
    if (!stick.current && moved && (anchor.current?.key !== moved.key || Math.abs(anchor.current.top - moved.top) > 1)) showPill(element, list.current)
  }

  const showPill = (element: Scroller, content: HTMLElement) => {
    let row: Element | null | undefined = rowAt(content, element.scrollTop + 40)
    while (row && !(row as HTMLElement).dataset['at']) row = row.previousElementSibling
    const at = Number((row as HTMLElement | undefined)?.dataset['at'])
    setPill(at ? dayLabel(at, Date.now()) : undefined)
    clearTimeout(pillTimer.current)
    pillTimer.current = setTimeout(() => setPill(undefined), PILL_MS)
  }

  const endJump = () => {
    jump.current?.stop()
    jump.current = undefined
  }

  const toNewest = async () => {
    if (room.stretch?.moreAfter) {
      placed.current = false
      room.anchor = undefined
      room.line = undefined
      await engine.loadNewest(room.id)
    }
    const element = view.current
    if (!element) return
    const end = element.scrollHeight - element.clientHeight
    const arriveNow = () => {
      jump.current = undefined
      stick.current = true
      restore()
      setAway(false)
      seen()
    }
    if (reduced || end - element.scrollTop <= BOTTOM_SLACK) {
      arriveNow()
      return
    }
    // From afar only the last page and a half is flown through.
    const start = Math.max(element.scrollTop, end - element.clientHeight * 1.5)
    jump.current = animate(start, end, {
      duration: JUMP_S,
      ease: [0.215, 0.61, 0.355, 1],
      onUpdate: (top: number) => {
        element.scrollTop = top
      },
      onComplete: arriveNow,
    })
  }

  const onKeyDown = (event: KeyboardEvent) => {
    const element = view.current
    const content = list.current
    if (!element || !content || event.altKey || event.ctrlKey || event.metaKey) return
    const articles = [...content.querySelectorAll<HTMLElement>('[role="article"]')]
    const at = articles.indexOf(document.activeElement as HTMLElement)
    let next: number
    if (event.key === 'ArrowDown') next = at < 0 ? articles.length - 1 : at + 1
    else if (event.key === 'ArrowUp') next = at < 0 ? articles.length - 1 : at - 1
    else if (event.key === 'Home') next = 0
    else if (event.key === 'End') next = articles.length - 1
    else return
    const article = articles[Math.min(Math.max(next, 0), articles.length - 1)]
    article?.focus({ preventScroll: true })
    article?.scrollIntoView({ block: 'nearest' })
    event.preventDefault()
  }

  const silent = stretch !== undefined && atTail && !stretch.moreBefore && rows.every((row) => row.kind !== 'message')
  const othersRead = room.group.mine?.others_read_seq
  const lastOwn = stretch?.messages.findLast((message) => message.sender === engine.me.id && message.kind !== 'system')
  const order = stretch?.messages[0]?.seq ?? 1
  return (
    <div className="timeline-place">
      <div ref={view} className="timeline" role="log" aria-live="off" aria-label={t('Messages')} aria-busy={room.loading > 0} tabIndex={0} data-pane-focus onScroll={onScroll} onWheel={endJump} onTouchMove={endJump} onKeyDown={onKeyDown}>
        <div className="timeline-clip">
          {room.loading > 0 && (!stretch || stretch.moreBefore) ? (
            <div className="history-spinner">
              <span className="spinner late" aria-hidden="true" />
            </div>
          ) : null}
          {room.failed && !stretch ? (
            <div className="grid justify-items-center gap-3 p-12 text-center">
              <p className="dim">{t('The messages could not be loaded.')}</p>
              <button type="button" className="button" onClick={() => void engine.loadNewest(room.id)}>
                {t('Try again')}
              </button>
            </div>
          ) : null}
          <motion.div ref={list} className="timeline-list clamp" style={{ y: slide }}>
            {(silent ? [] : rows).map((row) => {
              switch (row.kind) {
                case 'day':
                  return (
                    <div key={row.key} data-key={row.key} data-at={row.at} className="day-row">
                      <span>{dayLabel(row.at, now)}</span>
                    </div>
                  )
                case 'unread':
                  return (
                    <div key={row.key} data-key={row.key} className="unread-row" role="separator">
                      <span>{row.count > 999 ? t('More than 999 new messages') : n('{count} new message', '{count} new messages', row.count)}</span>
                    </div>
                  )
                case 'system':
                  return <SystemRowView key={row.key} row={row} />
                case 'message':
                  return (
                    <MessageRow
                      key={row.key}
                      row={row}
                      room={room}
                      fresh={entering?.has(row.key) ?? false}
                      position={row.pending ? undefined : row.message.seq - order + 1}
                      ticks={row.own ? ticksOf(row.pending, row.message, othersRead) : undefined}
                      lastOwn={row.message === lastOwn}
                    />
                  )
              }
            })}
          </motion.div>
          {silent ? <Ready room={room} onInvite={onInvite} /> : null}
        </div>
      </div>
      {pill ? (
        <div className="day-pill" aria-hidden="true">
          {pill}
        </div>
      ) : null}
      <JumpButton room={room} shown={away && rows.length > 0} onClick={() => void toNewest()} />
      <Announcer room={room} rows={rows} />
    </div>
  )
}
