// SPDX-License-Identifier: GPL-3.0-or-later
import { afterEach, describe, expect, it } from 'vitest'
import { backoff } from '../src/lib/connection'
import { dayLabel, dayNumber, lastSeen, listTime } from '../src/lib/format'
import { fnv1a, groupHue, HUES } from '../src/lib/hue'
import { n, parts, t, useCatalogue } from '../src/lib/i18n'
import { inviteCode, parseRoute, pathOf } from '../src/lib/router'
import { Topics } from '../src/lib/topics'

describe('hue', () => {
  it('is FNV-1a', () => {
    expect(fnv1a('')).toBe(0x811c9dc5)
    expect(fnv1a('a')).toBe(0xe40c292c)
    expect(fnv1a('foobar')).toBe(0xbf9cf968)
    expect(fnv1a('ü')).toBe(fnv1a('\u00fc'))
  })
  it('of a group is its own, where it has one', () => {
    expect(groupHue('x', 3)).toBe('moss')
    expect(HUES).toContain(groupHue('x', null))
  })
})

describe('routes', () => {
  it.each([
    ['/', '', { at: 'home' }],
    ['/', '#find', { at: 'find' }],
    ['/g/abc', '', { at: 'group', id: 'abc', seq: undefined }],
    ['/g/abc/42', '', { at: 'group', id: 'abc', seq: 42 }],
    ['/g/abc/4x', '', { at: 'group', id: 'abc', seq: undefined }],
    ['/i/CODE-1', '', { at: 'invite', code: 'CODE-1' }],
    ['/i/%E0%A4%A', '', { at: 'home' }],
  ])('%s%s', (path, hash, route) => expect(parseRoute(path, hash)).toEqual(route))
  it('go there and back', () => expect(parseRoute(pathOf({ at: 'group', id: 'a/b', seq: undefined }), '')).toEqual({ at: 'group', id: 'a/b', seq: undefined }))
  it.each([
    ['https://klatch.example/i/abcDEF123', 'abcDEF123'],
    ['klatch:klatch.example/i/abcDEF123', 'abcDEF123'],
    [' abcDEF123 ', 'abcDEF123'],
    ['https://klatch.example/', undefined],
    ['no code', undefined],
  ])('%s', (text, code) => expect(inviteCode(text)).toBe(code))
})

describe('times', () => {
  const now = new Date(2026, 10, 25, 9, 5).getTime()
  it('counts calendar days, not hours', () => {
    const late = new Date(2026, 10, 24, 23, 59).getTime()
    expect(dayNumber(now) - dayNumber(late)).toBe(1)
    expect(dayLabel(late, now)).toBe('Yesterday')
    expect(dayLabel(now, now)).toBe('Today')
    expect(lastSeen(new Date(2026, 10, 16, 9).getTime(), now)).toBe('Last week')
  })
  it('counts across a change of the clock', () => {
    for (let day = 1; day < 366; day += 1) expect(dayNumber(new Date(2026, 0, day + 1, 0, 30).getTime()) - dayNumber(new Date(2026, 0, day, 23, 30).getTime())).toBe(1)
  })
  it('is a time today and a weekday this week', () => {
    expect(listTime(now, now)).toMatch(/05/)
    expect(listTime(now - 2 * 86_400_000, now)).not.toMatch(/\d/)
    expect(listTime(now - 30 * 86_400_000, now)).toMatch(/26|25|Oct|10/)
  })
})

describe('words', () => {
  afterEach(() => useCatalogue(undefined))
  it('fill in and count', () => {
    expect(t('Hello {name}', { name: '{x}' })).toBe('Hello {x}')
    expect(n('{count} member', '{count} members', 1)).toBe('1 member')
    expect(n('{count} member', '{count} members', 2)).toBe('2 members')
  })
  it('come from a catalogue with its plural rule', () => {
    useCatalogue({ language: 'pl', direction: 'ltr', plural: (count) => (count === 1 ? 0 : count % 10 >= 2 && count % 10 <= 4 ? 1 : 2), messages: { '{count} member': ['{count} osoba', '{count} osoby', '{count} osób'], Send: 'Wyślij' } })
    expect(n('{count} member', '{count} members', 3)).toBe('3 osoby')
    expect(n('{count} member', '{count} members', 5)).toBe('5 osób')
    expect(t('Send')).toBe('Wyślij')
  })
  it('fall apart at their names', () => {
    expect(parts('{by} removed {name}.')).toEqual([{ text: '{by}', name: 'by' }, { text: ' removed ' }, { text: '{name}', name: 'name' }, { text: '.' }])
  })
})

describe('topics', () => {
  it('tell once a batch, and only those concerned', () => {
    const topics = new Topics()
    const heard: string[] = []
    topics.subscribe(['a', 'b'], () => heard.push('ab'))
    const stop = topics.subscribe(['c'], () => heard.push('c'))
    topics.batch(() => {
      topics.touch('a')
      topics.touch('b')
      expect(heard).toEqual([])
    })
    expect(heard).toEqual(['ab'])
    stop()
    topics.touch('c')
    expect(heard).toEqual(['ab'])
  })
})

describe('patience', () => {
  it('doubles, is jittered and has an end', () => {
    expect(backoff(0, 0.5)).toBe(300)
    expect(backoff(1, 0)).toBe(300)
    expect(backoff(2, 0.999)).toBeLessThan(1_800)
    expect(backoff(50, 0.999)).toBeLessThanOrEqual(4_500)
  })
})
