// SPDX-License-Identifier: GPL-3.0-or-later
import { describe, expect, it } from 'vitest'
import { fold, buildRows, type Row } from '../src/lib/rows'
import type { Message } from '../src/lib/types'
import { DAY, ME, message, system } from './objects'

const shape = (rows: Row[]) => rows.map((row) => (row.kind === 'message' ? row.message.seq + (row.first ? 'F' : '') + (row.last ? 'L' : '') : row.kind))
const build = (messages: Message[], line?: { after: number; count: number }) => buildRows(messages, [], ME, line)

describe('rows', () => {
  it('groups by sender within five minutes', () => {
    const rows = build([message(1), message(2), message(3, { sender: ME }), message(4, { created_at: DAY + 600_000 }), message(5, { created_at: DAY + 600_000 + 299_000 })])
    expect(shape(rows)).toEqual(['day', '1F', '2L', '3FL', '4F', '5L'])
  })
  it('has a label above each day, and no group crosses it', () => {
    const rows = build([message(1), message(2, { created_at: DAY + 86_400_000 })])
    expect(shape(rows)).toEqual(['day', '1FL', 'day', '2FL'])
  })
  it('puts the line before the first unread message of others and splits the group there', () => {
    const rows = build([message(1), message(2), message(3, { sender: ME }), message(4)], { after: 1, count: 2 })
    expect(shape(rows)).toEqual(['day', '1FL', 'unread', '2FL', '3FL', '4FL'])
    expect(shape(build([message(1), message(2, { sender: ME }), message(3)], { after: 1, count: 1 }))).toEqual(['day', '1FL', '2FL', 'unread', '3FL'])
  })
  it('folds a run of system messages', () => {
    const rows = build([message(1), system(2, 'joined', 'a'), system(3, 'joined', 'b'), system(4, 'left', 'a'), message(5)])
    expect(shape(rows)).toEqual(['day', '1FL', 'system', '5FL'])
    const run = rows[2]!
    expect(run.kind === 'system' && run.notes.map((note) => note.event + ' ' + note.users.join('+'))).toEqual(['joined a+b', 'left a'])
    expect(run.kind === 'system' && run.seq).toBe(4)
  })
  it('of several topics the last is news', () => {
    const topic = (value: string) => ({ system: { event: 'topic', by: 'a', value }, sender: 'a' })
    expect(fold([topic('one'), topic('two')]).map((note) => note.value)).toEqual(['two'])
  })
  it('keeps the key when a pending message is stored', () => {
    const pending = { client_id: 'c9', group: 'g', body: 'x', at: DAY + 2_000 }
    const before = buildRows([message(1)], [pending], ME, undefined)
    const after = buildRows([message(1), message(2, { sender: ME, client_id: 'c9' })], [], ME, undefined)
    expect(before.at(-1)!.key).toBe(after.at(-1)!.key)
  })
  it('every key is there once', () => {
    const rows = build([message(1), system(2, 'joined', 'a'), message(3), system(4, 'left', 'a'), message(5, { created_at: DAY + 86_400_000 })])
    expect(new Set(rows.map((row) => row.key)).size).toBe(rows.length)
  })
})
