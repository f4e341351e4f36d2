// SPDX-License-Identifier: GPL-3.0-or-later
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Engine, READ_MS, TYPING_MS } from '../src/lib/engine'
import { CallError } from '../src/lib/errors'
import { sortPeople } from '../src/lib/people'
import type { HistoryPage, Message, SyncAnswer } from '../src/lib/types'
import { group, history, ME, message, syncAnswer, system, user } from './objects'

/** A server that answers from a script; what it was asked is kept. */
class Script {
  readonly asked: { event: string; argument: Record<string, unknown> }[] = []
  readonly told: { event: string; argument: Record<string, unknown> }[] = []
  readonly answers: Record<string, ((argument: Record<string, unknown>) => unknown)[]> = {}

  on(event: string, ...answers: (unknown | ((argument: Record<string, unknown>) => unknown))[]): this {
    const list = (this.answers[event] ??= [])
    for (const answer of answers) list.push(typeof answer === 'function' ? (answer as () => unknown) : () => answer)
    return this
  }

  ask<T>(event: string, argument: object): Promise<T> {
    this.asked.push({ event, argument: argument as Record<string, unknown> })
    const list = this.answers[event] ?? []
    const answer = list.length > 1 ? list.shift()! : list[0]
    if (!answer) return Promise.reject(CallError.offline())
    return Promise.resolve().then(() => answer(argument as Record<string, unknown>) as T)
  }

  tell(event: string, argument: object): void {
    this.told.push({ event, argument: argument as Record<string, unknown> })
  }

  of(event: string): Record<string, unknown>[] {
    return this.asked.filter((call) => call.event === event).map((call) => call.argument)
  }
}

const page = (from: number, to: number): Message[] => Array.from({ length: to - from + 1 }, (_, i) => message(from + i))
const settle = () => new Promise((resolve) => setTimeout(resolve, 0))

let script: Script
let engine: Engine
const settled: string[] = []
const gone: string[] = []
const strangers: string[] = []

function make(): void {
  script = new Script()
  settled.length = gone.length = strangers.length = 0
  engine = new Engine(user(ME), script, {
    settled: (id) => settled.push(id),
    gone: (id, reason) => gone.push(id + ' ' + reason),
    stranger: (other) => strangers.push(other.id),
  })
}

/** A synced engine with group g opened on messages 1–10. */
async function opened(): Promise<void> {
  script.on('sync', syncAnswer([group('g', { last_message: message(10) })]))
  script.on('history', history(page(1, 10)))
  script.on('group:open', { here: [ME], online: [ME, 'u-ana'], users: [], reads: [] })
  script.on('group:members', { members: [{ user: ME, role: 'member', rev: 1 }, { user: 'u-ana', role: 'owner', rev: 1 }], users: [user('u-ana', { status: 'online' })] })
  await engine.sync()
  await engine.open('g')
  await settle()
}

const room = (id = 'g') => engine.rooms.get(id)!
const seqs = (id = 'g') => room(id).stretch!.messages.map((each) => each.seq)
const say = (rev: number, more: Partial<Message> = {}) => engine.event('message', { group: 'g', rev, message: message(rev, more) })

beforeEach(make)
afterEach(() => vi.useRealTimers())

describe('events', () => {
  it('append in order', async () => {
    await opened()
    say(11)
    say(12)
    expect(seqs().slice(-3)).toEqual([10, 11, 12])
    expect(room().group.rev).toBe(12)
    expect(room().group.last_message!.seq).toBe(12)
  })

  it('twice is once', async () => {
    await opened()
    engine.attentive = false
    say(11)
    say(11)
    expect(seqs().filter((seq) => seq === 11)).toEqual([11])
    expect(room().group.mine!.unread).toBe(1)
  })

  it('a hole is asked for, and nothing stands beside what does not adjoin', async () => {
    await opened()
    script.answers['sync'] = []
    script.on('sync', (): SyncAnswer => syncAnswer([group('g', { rev: 13, last_message: message(13) })], { changes: { g: { rev: 13, messages: page(11, 13) } } }))
    script.answers['history'] = []
    script.on('history', (argument: Record<string, unknown>): HistoryPage => {
      expect(argument['after']).toBe(10)
      return history(page(11, 13))
    })
    say(13)
    expect(seqs()).toEqual(page(1, 10).map((each) => each.seq))
    await settle()
    await settle()
    expect(seqs()).toEqual(page(1, 13).map((each) => each.seq))
    expect(room().group.rev).toBe(13)
    expect(script.of('sync').at(-1)).toMatchObject({ more: true, since: { g: 10 } })
  })

  it('an event during a page under way is not lost behind it', async () => {
    script.on('sync', syncAnswer([group('g', { last_message: message(10) })]))
    let answer!: (value: HistoryPage) => void
    script.on('history', () => new Promise<HistoryPage>((resolve) => (answer = resolve)))
    await engine.sync()
    const opening = engine.open('g')
    await settle()
    say(11)
    // The page was read before message 11 was stored, and 9 was edited since.
    engine.event('message', { group: 'g', rev: 12, message: message(9, { rev: 12, body: 'edited' }) })
    answer(history(page(1, 10)))
    await opening
    expect(seqs().at(-1)).toBe(11)
    expect(room().stretch!.messages[8]!.body).toBe('edited')
  })

  it('of an unknown group is nothing', async () => {
    await opened()
    engine.event('message', { group: 'other', rev: 1, message: message(1) })
    expect(engine.rooms.has('other')).toBe(false)
  })

  it('a group event merges what all may see and keeps what is mine', async () => {
    await opened()
    engine.event('group', { group: { id: 'g', name: 'New name', topic: 't', rev: 11 }, rev: 11 })
    expect(room().group.name).toBe('New name')
    expect(room().group.mine!.role).toBe('member')
    expect(room().group.members).toBe(3)
    expect(room().group.rev).toBe(11)
  })

  it('removal takes the group away', async () => {
    await opened()
    engine.event('group:removed', { group: 'g', reason: 'removed' })
    expect(engine.rooms.size).toBe(0)
    expect(gone).toEqual(['g removed'])
  })
})

describe('sync', () => {
  it('after a break brings exactly what was missed', async () => {
    await opened()
    engine.down()
    expect(engine.live).toBe(false)
    script.answers['sync'] = []
    script.on('sync', (argument: Record<string, unknown>) => {
      expect(argument).toEqual({ epoch: 'e1', since: { g: 10 } })
      return syncAnswer([group('g', { rev: 13, last_message: message(12) }, { unread: 2 })], {
        changes: { g: { rev: 13, messages: [message(11), message(12), message(3, { rev: 13, body: 'edited' })] } },
      })
    })
    await engine.sync()
    expect(seqs()).toEqual(page(1, 12).map((each) => each.seq))
    expect(room().stretch!.messages[2]!.body).toBe('edited')
    expect(room().group.rev).toBe(13)
  })

  it('asks for no changes of groups that were never opened', async () => {
    await opened()
    engine.takeJoined({ group: group('h'), users: [] })
    engine.down()
    await engine.sync()
    expect(script.of('sync').at(-1)).toEqual({ epoch: 'e1', since: { g: 10 } })
  })

  it('reset drops what was held', async () => {
    await opened()
    script.answers['sync'] = []
    script.on('sync', syncAnswer([group('g', { rev: 900, last_message: message(800) })], { changes: { g: { rev: 900, reset: true, messages: page(751, 800) } } }))
    await engine.sync()
    expect(seqs()).toEqual(page(751, 800).map((each) => each.seq))
    expect(room().stretch!.moreBefore).toBe(true)
  })

  it('asks for what comes later until there is nothing left', async () => {
    await opened()
    script.answers['sync'] = []
    script.on(
      'sync',
      syncAnswer([group('g', { rev: 14 })], { changes: { g: { rev: 12, messages: page(11, 12) } }, later: ['g', 'h'] }),
      (argument: Record<string, unknown>) => {
        expect(argument).toEqual({ epoch: 'e1', since: { g: 12, h: null }, more: true })
        return syncAnswer([group('g', { rev: 14 }), group('h')], { changes: { g: { rev: 14, messages: page(13, 14) } } })
      },
    )
    await engine.sync()
    expect(seqs()).toEqual(page(1, 14).map((each) => each.seq))
    expect(engine.rooms.has('h')).toBe(true)
    expect(room().group.rev).toBe(14)
  })

  it('forgets groups that are gone, but not those that come later', async () => {
    await opened()
    script.answers['sync'] = []
    script.on('sync', syncAnswer([], { later: ['g'] }), syncAnswer([group('g')]))
    await engine.sync()
    expect(engine.rooms.has('g')).toBe(true)
    script.answers['sync'] = []
    script.on('sync', syncAnswer([]))
    await engine.sync()
    expect(engine.rooms.has('g')).toBe(false)
    expect(gone).toEqual(['g left'])
  })

  it('notices that another person is signed in', async () => {
    script.on('sync', { ...syncAnswer([group('g')]), user: user('u-other') })
    await engine.sync()
    expect(strangers).toEqual(['u-other'])
    expect(engine.rooms.size).toBe(0)
  })

  it('settles my messages by client_id', async () => {
    await opened()
    script.answers['sync'] = []
    script.on('sync', syncAnswer([group('g', { rev: 11 })], { changes: { g: { rev: 11, messages: [message(11, { sender: ME, client_id: 'mine' })] } } }))
    await engine.sync()
    expect(settled).toContain('mine')
  })
})

describe('a snapshot', () => {
  it('shows what was known, and is synced from its rev', async () => {
    await opened()
    say(11)
    const known = JSON.parse(JSON.stringify(engine.snapshot())) as NonNullable<ReturnType<typeof engine.snapshot>>
    make()
    engine.recall(known)
    expect(seqs()).toEqual(page(1, 11).map((each) => each.seq))
    expect(engine.users.get('u-ana')!.status).toBeUndefined()
    expect(engine.live).toBe(false)
    script.on('sync', (argument: Record<string, unknown>) => {
      expect(argument).toEqual({ epoch: 'e1', since: { g: 11 } })
      return syncAnswer([group('g', { rev: 12, last_message: message(12) })], { changes: { g: { rev: 12, messages: [message(12)] } } })
    })
    await engine.sync()
    expect(seqs()).toEqual(page(1, 12).map((each) => each.seq))
  })
  it('from before a restored backup is dropped', async () => {
    await opened()
    const known = engine.snapshot()!
    make()
    engine.recall(known)
    script.on('sync', { ...syncAnswer([group('g', { rev: 3, last_message: message(2) })], { changes: { g: { rev: 3, reset: true, messages: page(1, 2) } } }), epoch: 'e2' })
    await engine.sync()
    expect(seqs()).toEqual([1, 2])
  })
})

describe('my own send', () => {
  it('has its place at once when nothing stands between', async () => {
    await opened()
    expect(engine.takeSent(message(11, { sender: ME }))).toBe(true)
    expect(seqs().at(-1)).toBe(11)
    say(11, { sender: ME })
    expect(seqs().filter((seq) => seq === 11).length).toBe(1)
    expect(room().group.mine!.unread).toBe(0)
  })
  it('waits for what others said before', async () => {
    await opened()
    expect(engine.takeSent(message(12, { sender: ME, client_id: 'mine' }))).toBe(false)
    say(11)
    say(12, { sender: ME, client_id: 'mine' })
    expect(seqs().slice(-2)).toEqual([11, 12])
    expect(settled).toEqual(['c11', 'mine'].filter((id) => id === 'mine'))
  })
})

describe('unread', () => {
  it('counts what others say, not me, not the system', async () => {
    await opened()
    engine.attentive = false
    say(11)
    say(12, { sender: ME })
    engine.event('message', { group: 'g', rev: 13, message: system(13, 'joined', 'u-bo') })
    say(14, { mentions: [ME] })
    expect(room().group.mine).toMatchObject({ unread: 2, mentions: 1 })
    expect(room().group.members).toBe(4)
  })

  it('takes deletions back, once', async () => {
    await opened()
    engine.attentive = false
    say(11)
    say(12)
    say(13, { mentions: [ME] })
    const remove = (rev: number, seq: number) => engine.event('message', { group: 'g', rev, message: message(seq, { rev, body: undefined, deleted: true, mentions: undefined }) })
    remove(14, 11)
    expect(room().group.mine).toMatchObject({ unread: 2, mentions: 1 })
    remove(14, 11)
    remove(15, 13)
    expect(room().group.mine).toMatchObject({ unread: 1, mentions: 0 })
    remove(16, 12)
    expect(room().group.mine).toMatchObject({ unread: 0, mentions: 0 })
  })

  it('is untouched by edits and reactions to what was read', async () => {
    await opened()
    engine.attentive = false
    engine.event('message', { group: 'g', rev: 11, message: message(4, { rev: 11, body: 'edited', mentions: [ME] }) })
    engine.event('message', { group: 'g', rev: 12, message: message(5, { rev: 12, reactions: [{ emoji: '👍', users: ['u-bo'] }] }) })
    expect(room().group.mine).toMatchObject({ unread: 0, mentions: 0 })
  })

  it('of an edit that names me counts on what is unread', async () => {
    await opened()
    engine.attentive = false
    say(11)
    engine.event('message', { group: 'g', rev: 12, message: message(11, { rev: 12, mentions: [ME] }) })
    expect(room().group.mine).toMatchObject({ unread: 1, mentions: 1 })
  })

  it('follows the read mark, mine and that of my other devices', async () => {
    await opened()
    engine.attentive = false
    for (let rev = 11; rev <= 15; rev += 1) say(rev)
    engine.markRead('g', 13)
    expect(room().group.mine!.unread).toBe(2)
    expect(script.told.filter((call) => call.event === 'read').map((call) => call.argument)).toEqual([{ group: 'g', seq: 13 }])
    engine.event('read', { group: 'g', user: ME, seq: 15 })
    expect(room().group.mine!.unread).toBe(0)
    engine.markRead('g', 14)
    expect(room().group.mine!.read_seq).toBe(15)
  })

  it('tells of reading at once, then once a second', async () => {
    await opened()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    engine.attentive = false
    const told = () => script.told.filter((call) => call.event === 'read').map((call) => call.argument['seq'])
    for (let rev = 11; rev <= 20; rev += 1) {
      say(rev)
      engine.markRead('g', rev)
    }
    expect(told()).toEqual([11])
    vi.advanceTimersByTime(READ_MS + 1)
    expect(told()).toEqual([11, 20])
    vi.advanceTimersByTime(10 * READ_MS)
    expect(told()).toEqual([11, 20])
  })

  it('puts the line before what came while nobody looked', async () => {
    await opened()
    engine.attentive = true
    say(11)
    expect(room().line).toBeUndefined()
    engine.markRead('g', 11)
    engine.attentive = false
    say(12)
    say(13)
    expect(room().line).toEqual({ after: 11, count: 2 })
  })

  it('sends a read mark that the break had swallowed', async () => {
    await opened()
    engine.attentive = false
    say(11)
    engine.down()
    engine.markRead('g', 11)
    expect(script.told.some((call) => call.event === 'read')).toBe(false)
    script.answers['sync'] = []
    script.on('sync', syncAnswer([group('g', { rev: 11, last_message: message(11) }, { unread: 1 })], { changes: { g: { rev: 11, messages: [] } } }))
    await engine.sync()
    expect(script.told.filter((call) => call.event === 'read').map((call) => call.argument)).toEqual([{ group: 'g', seq: 11 }])
  })
})

describe('life', () => {
  it('typing ends by itself, by a message, by going away', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    script.on('sync', syncAnswer([group('g', { last_message: message(10) })]))
    await engine.sync()
    const type = (on = true) => engine.event('typing', { group: 'g', user: 'u-ana', on })
    type()
    expect(room().typing.size).toBe(1)
    vi.advanceTimersByTime(TYPING_MS + 1)
    expect(room().typing.size).toBe(0)
    type()
    say(11)
    expect(room().typing.size).toBe(0)
    type()
    engine.event('presence', { users: [{ id: 'u-ana', status: 'offline' }] })
    expect(room().typing.size).toBe(0)
    type()
    type(false)
    expect(room().typing.size).toBe(0)
    type()
    engine.event('member', { group: 'g', rev: 12, member: { user: 'u-ana', role: null, rev: 12 } })
    expect(room().typing.size).toBe(0)
  })

  it('disappears with the line, and comes back with it', async () => {
    await opened()
    expect(sortPeople(engine, room()).here.map((person) => person.user.id)).toEqual([ME])
    expect(sortPeople(engine, room()).online.map((person) => person.user.id)).toEqual(['u-ana'])
    engine.down()
    expect(engine.users.get('u-ana')!.status).toBeUndefined()
    expect(sortPeople(engine, room())).toMatchObject({ here: [], online: [], offline: [] })
    // Who is in the group is no life: the names stay, without a dot.
    expect(sortPeople(engine, room()).all!.map((person) => person.user.id)).toEqual(['u-ana', ME])
    script.answers['group:members'] = []
    script.on('group:members', { members: [{ user: ME, role: 'member', rev: 1 }, { user: 'u-ana', role: 'owner', rev: 1 }], users: [user('u-ana', { status: 'offline' })] })
    script.answers['group:open'] = []
    script.on('group:open', { here: [ME], online: [ME], users: [] })
    await engine.sync()
    await settle()
    await settle()
    expect(sortPeople(engine, room()).offline.map((person) => person.user.id)).toEqual(['u-ana'])
  })

  it('who goes has the counts without himself', async () => {
    await opened()
    script.on('group:close', { here: 0, online: 1 })
    engine.close()
    await settle()
    expect(script.of('group:close')).toEqual([{ group: 'g' }])
    expect([room().group.here, room().group.online]).toEqual([0, 1])
  })

  it('counts follow presence events', async () => {
    await opened()
    engine.event('presence', { groups: [{ id: 'g', online: 5, here: 3, here_users: [ME, 'u-ana', 'u-bo'] }] })
    expect(room().group).toMatchObject({ online: 5, here: 3 })
    expect(sortPeople(engine, room()).here.length).toBe(3)
  })
})

describe('names', () => {
  it('that look alike are told apart', () => {
    const engine = new Engine(user(ME), new Script(), { settled: () => undefined, gone: () => undefined, stranger: () => undefined })
    engine.takeUsers([{ ...user('a'), display_name: 'Anna' }, { ...user('b'), display_name: 'Ben' }])
    expect(engine.isTwin('a')).toBe(false)
    engine.takeUsers([{ ...user('c'), display_name: '\u0410nna' }])
    expect(engine.isTwin('a') && engine.isTwin('c')).toBe(true)
    engine.takeUsers([{ ...user('c'), display_name: 'Carla' }])
    expect(engine.isTwin('a') || engine.isTwin('c')).toBe(false)
  })
})

describe('paging', () => {
  it('asks for no page twice', async () => {
    script.on('sync', syncAnswer([group('g', { last_message: message(200) }, { read_seq: 200 })]))
    script.on('history', history(page(151, 200), true), (argument: Record<string, unknown>) => {
      expect(argument['before']).toBe(151)
      return history(page(101, 150), true)
    })
    await engine.sync()
    await engine.open('g')
    await Promise.all([engine.loadOlder('g'), engine.loadOlder('g')])
    expect(script.of('history').length).toBe(2)
    expect(seqs()).toEqual(page(101, 200).map((each) => each.seq))
  })
  it('opens around the first unread where that is far', async () => {
    script.on('sync', syncAnswer([group('g', { last_message: message(500) }, { read_seq: 300, unread: 200 })]))
    script.on('history', history(page(276, 325), true, true))
    await engine.sync()
    await engine.open('g')
    expect(script.of('history')[0]).toMatchObject({ around: 301 })
    expect(room().line).toEqual({ after: 300, count: 200 })
    // New ones do not land beside 325.
    engine.event('message', { group: 'g', rev: 11, message: message(501, { rev: 11 }) })
    expect(seqs().at(-1)).toBe(325)
  })
})
