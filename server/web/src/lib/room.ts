// SPDX-License-Identifier: GPL-3.0-or-later
// One group as this client knows it.
import { firstSeq, lastSeq, type Stretch } from './conversation'
import type { Group, Member, Message } from './types'

/** Where the reader stood: the row and how far its top was below the top of the view. */
export interface Anchor {
  key: string
  top: number
}

export interface UnreadLine {
  /** The line stands before the first message with a higher seq. */
  after: number
  count: number
}

export interface Room {
  readonly id: string
  group: Group
  /** Undefined until the conversation is opened. */
  stretch: Stretch | undefined
  /** Pages under way; meanwhile events are also kept here, for the page may be older than they are. */
  loading: number
  buffer: Message[]
  failed: boolean
  /** The newest seq that was heard of. */
  newest: number
  /** Seqs that were counted as unread live; a deletion of one of them takes it back. */
  counted: Set<number>
  /** Up to where the server's own count reaches. */
  countedTo: number
  readTo: number
  readTimer: ReturnType<typeof setTimeout> | undefined
  readAgain: boolean
  members: Map<string, Member> | undefined
  membersNext: string | undefined
  /** They are those of before a break in the line, to be read anew. */
  membersStale: boolean
  membersLoading: boolean
  here: Set<string> | undefined
  online: Set<string> | undefined
  reads: Map<string, number>
  typing: Map<string, ReturnType<typeof setTimeout>>
  line: UnreadLine | undefined
  anchor: Anchor | undefined
  /** Opened as the n-th of this visit; 0: not yet. */
  looked: number
}

export function newRoom(group: Group): Room {
  const newest = group.last_message?.seq ?? 0
  return {
    id: group.id,
    group,
    stretch: undefined,
    loading: 0,
    buffer: [],
    failed: false,
    newest,
    counted: new Set(),
    countedTo: newest,
    readTo: group.mine?.read_seq ?? 0,
    readTimer: undefined,
    readAgain: false,
    members: undefined,
    membersNext: undefined,
    membersStale: false,
    membersLoading: false,
    here: undefined,
    online: undefined,
    reads: new Map(),
    typing: new Map(),
    line: undefined,
    anchor: undefined,
    looked: 0,
  }
}

/** Counts as unread: by somebody else, something to read. */
export function isCountable(message: Message, me: string): boolean {
  return message.sender !== me && message.kind !== 'system' && !message.deleted
}

export function namesMe(message: Message, me: string): boolean {
  return message.sender !== me && !message.deleted && (message.mentions_all === true || (message.mentions?.includes(me) ?? false))
}

/** The server counts up to 999; 1000 says more. */
export const UNREAD_MAX = 1000

/** A message that no one here had seen: the group object moves with it. */
export function noteNew(room: Room, message: Message, me: string): void {
  const { group } = room
  room.newest = Math.max(room.newest, message.seq)
  if (message.kind !== 'system') group.last_message = message
  else if (message.system?.event === 'joined') group.members += 1
  else if (message.system?.event === 'left' || message.system?.event === 'removed') group.members = Math.max(0, group.members - 1)
  const mine = group.mine
  if (!mine || message.seq <= mine.read_seq || !isCountable(message, me)) return
  room.counted.add(message.seq)
  mine.unread = Math.min(UNREAD_MAX, mine.unread + 1)
  if (namesMe(message, me)) mine.mentions = Math.min(UNREAD_MAX, mine.mentions + 1)
}

/** A message that was there before was edited, deleted, reacted to. */
export function noteChange(room: Room, message: Message, before: Message | undefined, me: string): void {
  const { group } = room
  if (group.last_message?.seq === message.seq && message.rev > group.last_message.rev) group.last_message = message
  const mine = group.mine
  if (!mine || message.seq <= mine.read_seq || message.sender === me || message.kind === 'system') return
  const was = room.counted.has(message.seq) || message.seq <= room.countedTo
  if (message.deleted && was && !before?.deleted && mine.unread < UNREAD_MAX) {
    room.counted.delete(message.seq)
    mine.unread = Math.max(0, mine.unread - 1)
  }
  if (!before || mine.mentions >= UNREAD_MAX) return
  const change = Number(namesMe(message, me)) - Number(namesMe(before, me))
  mine.mentions = Math.max(0, mine.mentions + change)
}

/** After the read mark moved: exact where all that is unread is at hand, else undefined. */
export function countUnread(room: Room, me: string): { unread: number; mentions: number } | undefined {
  const readSeq = room.group.mine?.read_seq ?? 0
  if (readSeq >= room.newest) return { unread: 0, mentions: 0 }
  const stretch = room.stretch
  if (!stretch || stretch.moreAfter || lastSeq(stretch) < room.newest || firstSeq(stretch) > readSeq + 1) return undefined
  let unread = 0
  let mentions = 0
  for (const message of stretch.messages) {
    if (message.seq <= readSeq || !isCountable(message, me)) continue
    unread += 1
    if (namesMe(message, me)) mentions += 1
  }
  return { unread: Math.min(unread, UNREAD_MAX), mentions: Math.min(mentions, UNREAD_MAX) }
}
