// SPDX-License-Identifier: GPL-3.0-or-later
import { describe, expect, it } from 'vitest'
import { append, applyMessage, emptyStretch, fromPage, prepend, trimBefore, WINDOW, type Stretch } from '../src/lib/conversation'
import { message } from './objects'

const seqs = (stretch: Stretch) => stretch.messages.map((each) => each.seq)
const page = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => message(from + i))

describe('a stretch', () => {
  it('takes what adjoins', () => {
    const [stretch, applied] = applyMessage(fromPage(page(5, 7), true, false), message(8))
    expect(applied).toBe('changed')
    expect(seqs(stretch)).toEqual([5, 6, 7, 8])
  })
  it('never puts distant messages side by side', () => {
    const before = fromPage(page(5, 7), true, false)
    const [stretch, applied] = applyMessage(before, message(9))
    expect(applied).toBe('gap')
    expect(stretch).toBe(before)
  })
  it('an empty group takes only its first message', () => {
    expect(applyMessage(emptyStretch, message(1))[1]).toBe('changed')
    expect(applyMessage(emptyStretch, message(2))[1]).toBe('gap')
  })
  it('the higher rev wins, whatever comes last', () => {
    const start = fromPage([message(1), message(2, { rev: 9, body: 'new' })], false, false)
    expect(applyMessage(start, message(2, { rev: 4, body: 'old' }))[1]).toBe('same')
    const [stretch] = applyMessage(start, message(2, { rev: 10, body: 'newer' }))
    expect(stretch.messages[1]!.body).toBe('newer')
    expect(stretch.messages[0]).toBe(start.messages[0])
  })
  it('leaves alone what is outside of the window', () => {
    const start = fromPage(page(50, 60), true, true)
    expect(applyMessage(start, message(61))[0]).toBe(start)
    expect(applyMessage(start, message(10))[0]).toBe(start)
  })
  it('prepends and appends only what adjoins', () => {
    const start = fromPage(page(50, 60), true, true)
    expect(seqs(prepend(start, page(45, 49), true))).toEqual(page(45, 60).map((each) => each.seq))
    expect(prepend(start, page(40, 45), true)).toBe(start)
    expect(seqs(append(start, page(61, 63), false))).toEqual(page(50, 63).map((each) => each.seq))
    expect(seqs(append(start, page(63, 64), true))).toEqual(page(50, 60).map((each) => each.seq))
  })
  it('overlapping pages change nothing twice', () => {
    const start = fromPage(page(50, 60), true, true)
    expect(seqs(append(start, page(55, 65), false))).toEqual(page(50, 65).map((each) => each.seq))
    expect(seqs(prepend(start, page(45, 55), true))).toEqual(page(45, 60).map((each) => each.seq))
  })
  it('keeps the window, and knows that there is more', () => {
    let stretch = fromPage(page(1001, 1001 + WINDOW - 1), true, false)
    stretch = prepend(stretch, page(951, 1000), true)
    expect(stretch.messages.length).toBe(WINDOW)
    expect(stretch.moreAfter).toBe(true)
    expect(seqs(stretch)[0]).toBe(951)
    stretch = append(stretch, page(seqs(stretch).at(-1)! + 1, 1001 + WINDOW - 1), false)
    expect(stretch.moreAfter).toBe(false)
    expect(stretch.messages.length).toBe(WINDOW)
    expect(stretch.moreBefore).toBe(true)
    expect(trimBefore(stretch)).toBe(stretch)
  })
  it('scrolling up and down meets every seq once', () => {
    let stretch = fromPage(page(2001 - 50, 2000), true, false)
    const met = new Set(seqs(stretch))
    while (stretch.moreBefore) {
      const first = seqs(stretch)[0]!
      stretch = prepend(stretch, page(Math.max(1, first - 50), first - 1), first - 50 > 1)
      for (const seq of seqs(stretch)) met.add(seq)
      expect(stretch.messages.length).toBeLessThanOrEqual(WINDOW)
      for (let i = 1; i < stretch.messages.length; i += 1) expect(seqs(stretch)[i]).toBe(seqs(stretch)[i - 1]! + 1)
    }
    expect(met.size).toBe(2000)
    while (stretch.moreAfter) {
      const last = seqs(stretch).at(-1)!
      stretch = append(stretch, page(last + 1, Math.min(2000, last + 50)), last + 50 < 2000)
    }
    expect(seqs(stretch).at(-1)).toBe(2000)
  })
})
