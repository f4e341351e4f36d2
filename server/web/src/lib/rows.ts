// SPDX-License-Identifier: GPL-3.0-or-later
// A stretch of messages as the rows of the timeline: day labels, the unread
// line, bubbles grouped by sender, runs of system messages folded into one.
import { dayNumber } from './format'
import type { Pending } from './outbox'
import type { UnreadLine } from './room'
import type { Message, SystemEvent } from './types'

/** Messages of one sender this close belong together. */
export const GROUP_MS = 5 * 60_000

export interface Bubble {
  kind: 'message'
  key: string
  message: Message
  own: boolean
  first: boolean
  last: boolean
  pending: Pending | undefined
}

export interface SystemRow {
  kind: 'system'
  key: string
  seq: number
  notes: SystemNote[]
}

/** One thing that happened, to several people perhaps. */
export interface SystemNote {
  event: string
  users: string[]
  by: string | undefined
  value: string | undefined
  duration?: number
}

export type Row = Bubble | SystemRow | { kind: 'day'; key: string; at: number } | { kind: 'unread'; key: string; count: number }

/** The same before and after the server knows it, so that the row stays the same element. */
export function keyOf(message: { sender: string; client_id?: string | undefined; id: string }): string {
  return message.client_id ? message.sender + ':' + message.client_id : message.id
}

function asMessage(pending: Pending, me: string): Message {
  return (
    pending.stored ?? {
      id: pending.client_id,
      group: pending.group,
      seq: Number.MAX_SAFE_INTEGER,
      rev: 0,
      sender: me,
      client_id: pending.client_id,
      kind: 'text',
      body: pending.body,
      created_at: pending.at,
    }
  )
}

function together(a: Message | undefined, b: Message | undefined): boolean {
  return (
    a !== undefined && b !== undefined && a.kind !== 'system' && b.kind !== 'system' && a.sender === b.sender &&
    Math.abs(b.created_at - a.created_at) <= GROUP_MS && dayNumber(a.created_at) === dayNumber(b.created_at)
  )
}

/** Joins and leaves of several people become one note each; who came and went in the same run is in both. */
export function fold(events: { system: SystemEvent; sender: string }[]): SystemNote[] {
  const notes: SystemNote[] = []
  for (const { system, sender } of events) {
    const user = system.user ?? sender
    const by = system.by
    const merges = ['joined', 'left', 'removed'].includes(system.event)
    const known = merges ? notes.find((note) => note.event === system.event && note.by === by) : undefined
    if (known) {
      if (!known.users.includes(user)) known.users.push(user)
    } else if (!merges) {
      // Only the last of several renamings is news.
      const same = notes.findIndex((note) => note.event === system.event)
      const note = { event: system.event, users: [user], by, value: system.value, duration: system.duration_ms }
      if (same >= 0 && system.event !== 'created' && system.event !== 'call') notes.splice(same, 1)
      notes.push(note)
    } else {
      notes.push({ event: system.event, users: [user], by, value: system.value })
    }
  }
  return notes
}

export function buildRows(messages: readonly Message[], pending: readonly Pending[], me: string, line: UnreadLine | undefined): Row[] {
  const rows: Row[] = []
  const all: { message: Message; pending: Pending | undefined }[] = messages.map((message) => ({ message, pending: undefined }))
  for (const item of pending) all.push({ message: asMessage(item, me), pending: item })
  let lineDone = line === undefined
  let day: number | undefined
  for (let i = 0; i < all.length; i += 1) {
    const { message, pending: item } = all[i]!
    const today = dayNumber(message.created_at)
    const newDay = today !== day
    if (newDay) rows.push({ kind: 'day', key: 'day:' + today, at: message.created_at })
    day = today
    const lineHere = !lineDone && message.seq > line!.after && message.kind !== 'system' && message.sender !== me
    if (lineHere) {
      rows.push({ kind: 'unread', key: 'unread', count: line!.count })
      lineDone = true
    }
    if (message.kind === 'system') {
      const events: { system: SystemEvent; sender: string }[] = []
      const start = i
      for (; i < all.length; i += 1) {
        const next = all[i]!.message
        if (next.kind !== 'system' || dayNumber(next.created_at) !== today) break
        if (next.system) events.push({ system: next.system, sender: next.sender })
      }
      i -= 1
      rows.push({ kind: 'system', key: 'system:' + all[start]!.message.seq, seq: all[i]!.message.seq, notes: fold(events) })
      continue
    }
    const next = all[i + 1]?.message
    const lineNext = !lineDone && next !== undefined && next.seq > line!.after && next.kind !== 'system' && next.sender !== me
    rows.push({
      kind: 'message',
      key: keyOf(message),
      message,
      own: message.sender === me,
      first: lineHere || !together(all[i - 1]?.message, message),
      last: lineNext || !together(message, next),
      pending: item,
    })
  }
  return rows
}
