// SPDX-License-Identifier: GPL-3.0-or-later
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { CallError } from '../src/lib/errors'
import { Outbox, type Pending } from '../src/lib/outbox'
import { forgetPeople, MemoryBox, Shelf } from '../src/lib/shelf'
import type { Message } from '../src/lib/types'
import { ME, message } from './objects'

let box: MemoryBox
let sent: Pending[]
let answer: (pending: Pending) => Promise<Message>
let place: boolean
let signedOut: number
let held: number

function open(): Outbox {
  return new Outbox(new Shelf(box, ME), {
    send: (pending) => {
      sent.push(pending)
      return answer(pending)
    },
    stored: () => place,
    changed: () => undefined,
    heldChanged: () => (held += 1),
    unauthorized: () => (signedOut += 1),
  })
}

const stored = (pending: Pending) => Promise.resolve(message(1, { sender: ME, client_id: pending.client_id, body: pending.body }))
const refuse = (code: string, retry_after_ms?: number) => () => Promise.reject(new CallError({ code, message: code, retry_after_ms }))
const settle = () => new Promise((resolve) => setTimeout(resolve, 0))
const bodies = () => sent.map((pending) => pending.body)

beforeEach(() => {
  box = new MemoryBox()
  sent = []
  answer = stored
  place = true
  signedOut = 0
  held = 0
})

describe('outbox', () => {
  it('sends in order, one after the other', async () => {
    const outbox = open()
    outbox.online()
    for (const body of ['a', 'b', 'c']) outbox.add('g', body, 1)
    await settle()
    expect(bodies()).toEqual(['a', 'b', 'c'])
    expect(outbox.of('g')).toEqual([])
    expect(box.keys()).toEqual([])
  })

  it('survives a reload with the same client_id', async () => {
    const first = open()
    const pending = first.add('g', 'written offline', 5)
    first.add('g', 'and more', 5)
    first.close()
    const second = open()
    expect(second.of('g').map((each) => each.body)).toEqual(['written offline', 'and more'])
    second.online()
    await settle()
    expect(sent[0]!.client_id).toBe(pending.client_id)
    expect(bodies()).toEqual(['written offline', 'and more'])
  })

  it('sends again what got no answer, and drops it when the event tells', async () => {
    const outbox = open()
    answer = refuse('offline')
    outbox.online()
    const pending = outbox.add('g', 'x', 1)
    await settle()
    outbox.offline()
    answer = stored
    // The first send had arrived: its event comes with the sync.
    outbox.settle(pending.client_id)
    outbox.online()
    await settle()
    expect(bodies()).toEqual(['x'])
    expect(box.keys()).toEqual([])
  })

  it('keeps what failed for good, across a reload, until it is tried again', async () => {
    const outbox = open()
    outbox.online()
    answer = refuse('forbidden')
    const pending = outbox.add('g', 'x', 1)
    await settle()
    expect(outbox.of('g')[0]!.failed!.code).toBe('forbidden')
    outbox.close()
    const again = open()
    answer = stored
    again.online()
    await settle()
    expect(sent.length).toBe(1)
    again.retry(pending.client_id)
    await settle()
    expect(sent.map((each) => each.client_id)).toEqual([pending.client_id, pending.client_id])
    expect(again.size).toBe(0)
  })

  it('says when the server can store nothing, and when it can again', async () => {
    vi.useFakeTimers()
    const outbox = open()
    outbox.online()
    answer = refuse('unavailable', 700)
    outbox.add('g', 'a', 1)
    await vi.advanceTimersByTimeAsync(0)
    expect([outbox.held, held]).toEqual([true, 1])
    answer = stored
    await vi.advanceTimersByTimeAsync(800)
    expect([outbox.held, held]).toEqual([false, 2])
    answer = refuse('unavailable', 700)
    outbox.add('g', 'b', 2)
    await vi.advanceTimersByTimeAsync(0)
    outbox.offline()
    expect([outbox.held, held]).toEqual([false, 4])
    vi.useRealTimers()
  })

  it('waits as long as the server asks, in order', async () => {
    vi.useFakeTimers()
    const outbox = open()
    outbox.online()
    answer = refuse('rate_limited', 700)
    outbox.add('g', 'a', 1)
    outbox.add('g', 'b', 2)
    await vi.advanceTimersByTimeAsync(0)
    expect(bodies()).toEqual(['a'])
    answer = stored
    await vi.advanceTimersByTimeAsync(600)
    expect(bodies()).toEqual(['a'])
    await vi.advanceTimersByTimeAsync(200)
    expect(bodies()).toEqual(['a', 'a', 'b'])
    vi.useRealTimers()
  })

  it('one group does not hold up another', async () => {
    const outbox = open()
    answer = (pending) => (pending.group === 'slow' ? new Promise(() => undefined) : stored(pending))
    outbox.online()
    outbox.add('slow', 'a', 1)
    outbox.add('g', 'b', 2)
    await settle()
    expect(outbox.of('g')).toEqual([])
    expect(outbox.of('slow').length).toBe(1)
  })

  it('an acknowledged message waits for its place without being sent again', async () => {
    const outbox = open()
    place = false
    outbox.online()
    const pending = outbox.add('g', 'x', 1)
    await settle()
    expect(outbox.of('g')[0]!.stored).toBeDefined()
    expect(box.keys()).toEqual([])
    outbox.offline()
    outbox.online()
    await settle()
    expect(sent.length).toBe(1)
    outbox.settle(pending.client_id)
    expect(outbox.size).toBe(0)
  })

  it('tells when the session is over, and keeps the message', async () => {
    const outbox = open()
    answer = refuse('unauthorized')
    outbox.online()
    outbox.add('g', 'x', 1)
    await settle()
    expect(signedOut).toBe(1)
    expect(box.keys().length).toBe(1)
  })

  it('follows another tab', () => {
    const one = open()
    const two = open()
    const pending = one.add('g', 'x', 1)
    two.external(pending.client_id)
    expect(two.of('g').map((each) => each.body)).toEqual(['x'])
    one.discard(pending.client_id)
    two.external(pending.client_id)
    expect(two.size).toBe(0)
  })

  it('a person who signs out leaves nothing behind', () => {
    open().add('g', 'x', 1)
    new Shelf(box, ME).write('draft', 'g', 'half a thought')
    box.set('klatch:style', 'dark')
    forgetPeople(box)
    expect(box.keys()).toEqual(['klatch:style'])
  })
})
