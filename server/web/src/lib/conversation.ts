// SPDX-License-Identifier: GPL-3.0-or-later
// What is held of one group's messages: one stretch in which every seq adjoins
// the next. Pure functions; a changed stretch is a new object, an untouched
// message stays the same object.
import type { Message } from './types'

export interface Stretch {
  readonly messages: readonly Message[]
  readonly moreBefore: boolean
  readonly moreAfter: boolean
}

/** Rows kept alive at most; what is further away is read again when scrolled to. */
export const WINDOW = 300

export const emptyStretch: Stretch = { messages: [], moreBefore: false, moreAfter: false }

function bySeq(messages: readonly Message[]): Message[] {
  return [...messages].sort((a, b) => a.seq - b.seq)
}

export function firstSeq(stretch: Stretch): number {
  return stretch.messages[0]?.seq ?? 0
}

export function lastSeq(stretch: Stretch): number {
  return stretch.messages[stretch.messages.length - 1]?.seq ?? 0
}

/** Where `seq` stands in the stretch, or -1: seqs adjoin, so it is a subtraction. */
export function indexOfSeq(stretch: Stretch, seq: number): number {
  const index = seq - firstSeq(stretch)
  return stretch.messages[index]?.seq === seq ? index : -1
}

/** The longest run of adjoining seqs that ends with the newest message; a server that skips is not believed. */
function adjoining(messages: Message[]): Message[] {
  let start = messages.length - 1
  while (start > 0 && messages[start - 1]!.seq === messages[start]!.seq - 1) start -= 1
  return messages.slice(Math.max(start, 0))
}

export function fromPage(messages: readonly Message[], moreBefore: boolean, moreAfter: boolean): Stretch {
  const sorted = bySeq(messages)
  const run = adjoining(sorted)
  return { messages: run, moreBefore: moreBefore || run.length < sorted.length, moreAfter }
}

export type Applied = 'changed' | 'same' | 'gap'

/**
 * A new or changed message. The higher rev wins; a new one is taken only where it adjoins.
 * 'gap': it is newer than what adjoins, so something between is missing.
 */
export function applyMessage(stretch: Stretch, message: Message): [Stretch, Applied] {
  const index = indexOfSeq(stretch, message.seq)
  if (index >= 0) {
    if (stretch.messages[index]!.rev >= message.rev) return [stretch, 'same']
    return [{ ...stretch, messages: stretch.messages.with(index, message) }, 'changed']
  }
  if (stretch.moreAfter || message.seq < firstSeq(stretch)) return [stretch, 'same']
  if (stretch.messages.length === 0 && !stretch.moreBefore && message.seq > 1) return [stretch, 'gap']
  if (stretch.messages.length > 0 && message.seq !== lastSeq(stretch) + 1) return [stretch, 'gap']
  return [{ ...stretch, messages: [...stretch.messages, message] }, 'changed']
}

/** Puts an older page in front, where it adjoins; trims the far end. */
export function prepend(stretch: Stretch, page: readonly Message[], moreBefore: boolean): Stretch {
  const first = firstSeq(stretch)
  const older = adjoining(bySeq(page.filter((message) => message.seq < first)))
  if (older.length > 0 && older[older.length - 1]!.seq !== first - 1) return stretch
  const messages = [...older, ...stretch.messages]
  const trimmed = messages.length > WINDOW
  return { messages: messages.slice(0, WINDOW), moreBefore, moreAfter: stretch.moreAfter || trimmed }
}

/** Puts a newer page behind, where it adjoins; trims the far end. */
export function append(stretch: Stretch, page: readonly Message[], moreAfter: boolean): Stretch {
  const newer: Message[] = []
  let next = lastSeq(stretch) + 1
  for (const message of bySeq(page)) {
    if (message.seq === next) {
      newer.push(message)
      next += 1
    }
  }
  if (newer.length === 0) return moreAfter === stretch.moreAfter ? stretch : { ...stretch, moreAfter }
  const trimmed = trimBefore({ ...stretch, messages: [...stretch.messages, ...newer] })
  return { ...trimmed, moreAfter }
}

/** Lets go of the oldest rows over the window. */
export function trimBefore(stretch: Stretch): Stretch {
  if (stretch.messages.length <= WINDOW) return stretch
  return { ...stretch, messages: stretch.messages.slice(-WINDOW), moreBefore: true }
}
