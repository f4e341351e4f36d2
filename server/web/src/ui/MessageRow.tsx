// SPDX-License-Identifier: GPL-3.0-or-later
import { motion } from 'motion/react'
import { memo, useLayoutEffect, useRef, useState } from 'react'
import { clock, fullTime } from '../lib/format'
import { n, t } from '../lib/i18n'
import type { Room } from '../lib/room'
import type { Bubble } from '../lib/rows'
import { fold, linkify } from '../lib/text'
import type { Reaction, User } from '../lib/types'
import { personHue } from '../lib/hue'
import { PersonAvatar } from './Avatar'
import { Roll } from './GroupRow'
import { useSession, useTopics } from './hooks'
import { arrive, pop } from './motion'
import { Ticks, tickWord, type TickState } from './Ticks'

/** Longer texts open on request. */
const FOLD_CHARS = 2_000
const SEEN_MAX = 5
const TIME_GAP = 15

const UNKNOWN: Pick<User, 'id' | 'display_name'> = { id: '', display_name: '?' }

interface RowProps {
  row: Bubble
  room: Room
  fresh: boolean
  position: number | undefined
  ticks: TickState | undefined
  /** The newest of mine: who has read it stands below. */
  lastOwn: boolean
}

/** Rows are made anew with every event; what is drawn of them seldom changes. */
function sameRow(a: Bubble, b: Bubble): boolean {
  return a.message === b.message && a.first === b.first && a.last === b.last && a.pending === b.pending
}

function sameProps(a: RowProps, b: RowProps): boolean {
  return sameRow(a.row, b.row) && a.room === b.room && a.position === b.position && a.ticks === b.ticks && a.lastOwn === b.lastOwn
}

export const MessageRow = memo(function MessageRow({ row, room, fresh, position, ticks, lastOwn }: RowProps) {
  const { engine } = useSession()
  useTopics(engine.topics, 'names', 'roles:' + room.id)
  // A row that arrives moves; it stays the same element when it has.
  const [arriving] = useState(fresh)
  const sender = engine.users.get(row.message.sender)
  const role = engine.roleOf(room, row.message.sender)
  const place = {
    className: 'message-row' + (row.own ? ' own' : '') + (row.first ? ' first' : '') + (row.last ? ' last' : ''),
    'data-key': row.key,
    'data-seq': row.pending ? undefined : row.message.seq,
    'data-at': row.message.created_at,
  }
  const content = (
    <>
      <BubbleView row={row} sender={sender} twin={sender !== undefined && engine.isTwin(sender.id)} role={role} me={engine.me.id} ticks={ticks} position={position} />
      {row.pending?.failed ? <FailedNote row={row} /> : null}
      {lastOwn ? <SeenBy room={room} seq={row.message.seq} /> : null}
    </>
  )
  if (!arriving) return <div {...place}>{content}</div>
  return (
    <motion.div {...place} initial={{ opacity: 0, ...(row.own ? { scale: 0.96 } : {}) }} animate={{ opacity: 1, scale: 1 }} transition={arrive}>
      {content}
    </motion.div>
  )
}, sameProps)

interface BubbleProps {
  row: Bubble
  sender: User | undefined
  /** Another's name looks like this one. */
  twin: boolean
  role: string | undefined
  me: string
  ticks: TickState | undefined
  position: number | undefined
}

function drawsTheSame(a: BubbleProps, b: BubbleProps): boolean {
  return (
    sameRow(a.row, b.row) && a.sender?.display_name === b.sender?.display_name && a.sender?.address === b.sender?.address && a.twin === b.twin &&
    a.role === b.role && a.ticks === b.ticks && a.position === b.position
  )
}

const BubbleView = memo(function BubbleView({ row, sender, twin, role, me, ticks, position }: BubbleProps) {
  const { message, own } = row
  const person = sender ?? { ...UNKNOWN, id: message.sender }
  const name = sender ? sender.display_name : t('Somebody')
  const time = clock(message.created_at)
  const said = message.deleted ? t('Message deleted') : (message.body ?? '')
  const label = [own ? t('You') : name, time, ...(message.edited_at ? [t('edited')] : []), ...(ticks ? [tickWord(ticks)] : [])].join(', ') + ': ' + said
  return (
    <>
      <div className="message-line" role="article" tabIndex={-1} aria-label={label} aria-posinset={position} aria-setsize={position === undefined ? undefined : -1}>
        {own ? null : <span className="avatar-place">{row.last ? <PersonAvatar user={person} size={36} /> : null}</span>}
        <div className="bubble-column">
          <div className={'bubble' + (message.deleted ? ' deleted' : '')}>
            {!own && row.first ? (
              <div className="bubble-name">
                <bdi className={'hue-text-' + personHue(person.id)} title={sender?.address}>
                  {name}
                </bdi>
                {sender && twin ? <bdi className="meta dim">{sender.address}</bdi> : null}
                {role === 'owner' ? <span className="meta dim">{t('Owner')}</span> : role === 'admin' ? <span className="meta dim">{t('Admin')}</span> : null}
              </div>
            ) : null}
            <div className="bubble-body">
              {message.deleted ? <span className="bubble-text">{t('Message deleted')}</span> : <Body text={message.body ?? ''} />}
              <span className="bubble-meta tabular" title={fullTime(message.created_at)}>
                {message.edited_at ? t('edited {time}', { time }) : time}
                {ticks ? <Ticks state={ticks} /> : null}
              </span>
            </div>
          </div>
        </div>
      </div>
      {message.reactions && message.reactions.length > 0 ? <Reactions reactions={message.reactions} me={me} /> : null}
    </>
  )
}, drawsTheSame)

function Body({ text }: { text: string }) {
  const [open, setOpen] = useState(false)
  const ref = useRef<HTMLSpanElement>(null)
  const long = text.length > FOLD_CHARS
  const shown = long && !open ? fold(text, FOLD_CHARS) : text
  useShrink(ref, shown)
  return (
    <span className="bubble-text" ref={ref}>
      {linkify(shown).map((piece, index) =>
        piece.href ? (
          <a key={index} href={piece.href} target="_blank" rel="noopener noreferrer nofollow" dir="ltr" title={piece.href}>
            {piece.text}
          </a>
        ) : (
          piece.text
        ),
      )}
      {long ? (
        <>
          {open ? '\n' : '… '}
          <button type="button" className="link" onClick={() => setOpen(!open)}>
            {open ? t('Show less') : t('Show more')}
          </button>
        </>
      ) : null}
    </span>
  )
}

function nameWidth(bubble: HTMLElement): number {
  let width = 0
  for (const part of bubble.querySelectorAll<HTMLElement>('.bubble-name > *')) width += part.scrollWidth + 6
  return width
}

/** A bubble is as wide as its longest line; CSS alone leaves wrapped text at full width. */
function useShrink(ref: React.RefObject<HTMLSpanElement | null>, text: string): void {
  useLayoutEffect(() => {
    const element = ref.current
    const bubble = element?.closest<HTMLElement>('.bubble')
    if (!element || !bubble) return undefined
    let lastRoom = -1
    const fit = () => {
      const column = bubble.parentElement!.parentElement!.clientWidth
      if (column === lastRoom) return
      lastRoom = column
      bubble.style.inlineSize = ''
      const range = document.createRange()
      range.selectNodeContents(element)
      const lines = range.getClientRects()
      const last = lines[lines.length - 1]
      const body = element.parentElement!
      const meta = body.querySelector<HTMLElement>('.bubble-meta')
      if (!last || !meta) return
      const time = meta.getBoundingClientRect()
      // Rectangles are those of the screen: a row that is just arriving is drawn smaller.
      const scale = bubble.getBoundingClientRect().width / bubble.offsetWidth || 1
      let left = Infinity
      let right = -Infinity
      let [lastLeft, lastRight] = [last.left, last.right]
      for (const line of lines) {
        left = Math.min(left, line.left)
        right = Math.max(right, line.right)
        if (line.bottom > last.top + last.height / 2) [lastLeft, lastRight] = [Math.min(lastLeft, line.left), Math.max(lastRight, line.right)]
      }
      const beside = time.top < last.bottom
      const needed = Math.max((right - left) / scale, (beside ? lastRight - lastLeft + time.width : time.width) / scale + (beside ? TIME_GAP : 0), nameWidth(bubble))
      const wanted = Math.ceil(needed) + bubble.offsetWidth - body.offsetWidth + 1
      if (wanted < bubble.offsetWidth) bubble.style.inlineSize = wanted + 'px'
    }
    fit()
    const observer = new ResizeObserver(fit)
    observer.observe(bubble.parentElement!.parentElement!)
    return () => observer.disconnect()
  }, [ref, text])
}

function Reactions({ reactions, me }: { reactions: Reaction[]; me: string }) {
  return (
    <ul className="reactions">
      {reactions.map(({ emoji, users }) => {
        const mine = users.includes(me)
        const label = n('{emoji}, {count}', '{emoji}, {count}', users.length, { emoji }) + (mine ? ', ' + t('you reacted') : '')
        return (
          <motion.li key={emoji} initial={{ scale: 0.6, opacity: 0 }} animate={{ scale: 1, opacity: 1 }} transition={pop} className={'reaction' + (mine ? ' mine' : '')}>
            <span className="sr-only">{label}</span>
            <span className="emoji" aria-hidden="true">
              {emoji}
            </span>
            <span className="tabular" aria-hidden="true">
              <Roll value={users.length} />
            </span>
          </motion.li>
        )
      })}
    </ul>
  )
}

function FailedNote({ row }: { row: Bubble }) {
  const { outbox } = useSession()
  const code = row.pending?.failed?.code
  const why = code === 'too_large' ? t('Too long to send.') : code === 'forbidden' || code === 'not_found' ? t('You are not in this group any more.') : t('Not sent.')
  const id = row.pending!.client_id
  return (
    <p className="failed-note" role="alert">
      {why}{' '}
      <button type="button" className="link" onClick={() => outbox.retry(id)}>
        {t('Try again')}
      </button>
      {' · '}
      <button type="button" className="link" onClick={() => outbox.discard(id)}>
        {t('Discard')}
      </button>
    </p>
  )
}

/** The faces of those who have read my last message. */
function SeenBy({ room, seq }: { room: Room; seq: number }) {
  const { engine } = useSession()
  useTopics(engine.topics, 'names', 'reads:' + room.id)
  const readers = [...room.reads].filter(([id, read]) => id !== engine.me.id && read >= seq).flatMap(([id]) => engine.users.get(id) ?? [])
  if (readers.length === 0) return null
  const names = readers.map((user) => user.display_name).join(', ')
  return (
    <div className="seen-by" title={names}>
      <span aria-hidden="true">{t('Seen by')}</span>
      <span className="sr-only">{t('Seen by {names}', { names })}</span>
      <span className="flex" aria-hidden="true">
        {readers.slice(0, SEEN_MAX).map((user) => (
          <PersonAvatar key={user.id} user={user} size={18} />
        ))}
      </span>
      {readers.length > SEEN_MAX ? <span className="meta dim">{n('and {count} more', 'and {count} more', readers.length - SEEN_MAX)}</span> : null}
    </div>
  )
}
