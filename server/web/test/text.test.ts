// SPDX-License-Identifier: GPL-3.0-or-later
import { describe, expect, it } from 'vitest'
import { fold, initials, isVisible, linkify, outgoing, preview, safeHref, skeleton, twins } from '../src/lib/text'

const family = '👨‍👩‍👧‍👦'
const flags = '🇩🇪🇫🇷🇮🇹🇪🇸'

describe('preview', () => {
  it('is one line', () => expect(preview('a\n\n b\tc ')).toBe('a b c'))
  it.each([family, '🇫🇷', 'e\u0301', 'क्षि', '👍🏽'])('never cuts inside %s', (cluster) => {
    const body = cluster.repeat(200)
    for (const max of [1, 2, 3, 7]) expect(preview(body, false, max)).toBe(cluster.repeat(max) + '…')
  })
  it('drops the last cluster of what the server has cut', () => {
    expect(preview('ab' + family.slice(0, 5), true)).toBe('ab…')
    expect(preview(flags.slice(0, 10), true)).toBe('🇩🇪🇫🇷…')
  })
  it('holds no replacement mark', () => {
    for (let cut = 1; cut < flags.length; cut += 2) expect(preview(flags, false, cut)).not.toMatch(/\uFFFD/)
  })
})

describe('fold', () => {
  it.each([family, '🇫🇷🇩🇪', 'e\u0301', '👍🏽'])('never cuts inside %s', (cluster) => {
    const whole = [...new Intl.Segmenter().segment('x' + cluster.repeat(40))].map(({ segment }) => segment)
    for (let max = 20; max < 60; max++) {
      const shown = fold('x' + cluster.repeat(40), max)
      expect(shown.length).toBeLessThanOrEqual(max)
      expect([...new Intl.Segmenter().segment(shown)].map(({ segment }) => segment)).toEqual(whole.slice(0, [...new Intl.Segmenter().segment(shown)].length))
    }
  })
  it('ends with a word', () => expect(fold('some words and more', 16)).toBe('some words and'))
  it('makes no link to elsewhere', () => {
    expect(fold('see https://a.example/' + 'x'.repeat(50), 30)).toBe('see ')
    expect(fold('https://a.example/' + 'x'.repeat(50) + ' end', 30)).toBe('https://a.example/' + 'x'.repeat(50))
  })
})

describe('linkify', () => {
  const hrefs = (body: string) => linkify(body).flatMap((piece) => piece.href ?? [])
  const whole = (body: string) => linkify(body).map((piece) => piece.text).join('')

  it.each([
    ['see https://huts.example/ridge, ok', ['https://huts.example/ridge']],
    ['(http://a.example/x_(y))', ['http://a.example/x_(y)']],
    ['mailto:ilse@klatch.example!', ['mailto:ilse@klatch.example']],
    ['xmpp:crew@groups.klatch.example?join', ['xmpp:crew@groups.klatch.example?join']],
    ['HTTPS://A.EXAMPLE', ['https://a.example/']],
    ['„https://a.example/“', ['https://a.example/']],
  ])('%s', (body, expected) => {
    expect(hrefs(body)).toEqual(expected)
    expect(whole(body)).toBe(body)
  })

  it.each([
    'javascript://x/%0Aalert(1)',
    'JaVaScRiPt:alert(1)',
    'java\tscript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'file:///etc/passwd',
    'smb://host/share',
    'vbscript:x',
    'xhttps://a.example',
    'https://',
    'http:///',
    'mailto:',
  ])('makes no link of %s', (body) => {
    expect(hrefs(body).filter((href) => !href.startsWith('https://a.example'))).toEqual([])
    expect(hrefs(body)).toEqual([])
    expect(whole(body)).toBe(body)
  })

  it('shows the true target of text that looks like markup', () => {
    expect(hrefs('[https://good.example](javascript:x)')).toEqual([])
    expect(linkify('[https://good.example](https://bad.example/)')).toEqual([{ text: '[https://good.example](https://bad.example/)' }])
    expect(linkify('[good](https://bad.example/)')[1]).toEqual({ text: 'https://bad.example/', href: 'https://bad.example/' })
    expect(hrefs('[x](javascript:alert)')).toEqual([])
  })

  it('refuses by protocol, not by spelling', () => {
    expect(safeHref(' javascript:alert(1)')).toBeUndefined()
    expect(safeHref('https://a.example')).toBe('https://a.example/')
  })
})

describe('names', () => {
  it('has initials of whole clusters', () => {
    expect(initials('Ilse Maria Kern')).toBe('IK')
    expect(initials('🇫🇷 flag')).toBe('🇫🇷F')
    expect(initials('')).toBe('')
  })
  it('finds names that look alike', () => {
    expect(skeleton('Аnna')).toBe(skeleton('Anna'))
    expect(skeleton('Anna\u202E')).toBe(skeleton('anna'))
    const people = [
      { id: '1', display_name: 'Anna' },
      { id: '2', display_name: 'Аnna' },
      { id: '3', display_name: 'Bo' },
    ]
    expect([...twins(people)].sort()).toEqual(['1', '2'])
  })
})

describe('outgoing', () => {
  it('turns \\r\\n into \\n and keeps tabs', () => expect(outgoing('a\r\nb\rc\td')).toBe('a\nb\nc\td'))
  it('drops what the server refuses', () => expect(outgoing('a\u0000\u0007b\uFFFEc\uD800')).toBe('abc\uFFFD'))
  it('keeps inner white space', () => expect(outgoing('\n\n  x  y \n')).toBe('  x  y'))
  it.each(['', ' \n', '\u200B', '\u00a0\u202E'])('sees nothing in %j', (text) => expect(isVisible(text)).toBe(false))
  it('sees an emoji', () => expect(isVisible('👍')).toBe(true))
})
