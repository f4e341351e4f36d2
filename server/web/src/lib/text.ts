// SPDX-License-Identifier: GPL-3.0-or-later
// Text from people: cut, split into links, compared. Nothing here makes HTML.

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** One line for the list: never cut inside what is seen as one character. */
export function preview(body: string, cut = false, max = 120): string {
  const line = body.replace(/\s+/gu, ' ').trim()
  const clusters: string[] = []
  for (const { segment } of graphemes.segment(line)) {
    clusters.push(segment)
    if (clusters.length > max) return clusters.slice(0, max).join('').trimEnd() + '…'
  }
  // The server cut by code points: the last cluster may be half of another picture.
  if (cut) return clusters.slice(0, -1).join('').trimEnd() + '…'
  return line
}

/** The first part of a long text: ends with a word where it can, never inside what is seen as one character, nor inside a link, which would lead elsewhere. */
export function fold(text: string, max: number): string {
  let end = 0
  for (const { segment, index } of graphemes.segment(text)) {
    if (index + segment.length > max) break
    end = index + segment.length
  }
  const word = text.slice(0, end).search(/\s\S*$/u)
  if (word > max / 2) end = word
  let at = 0
  for (const piece of linkify(text)) {
    if (piece.href && at < end && at + piece.text.length > end) return text.slice(0, at || piece.text.length)
    at += piece.text.length
  }
  // One cluster longer than all that is shown has no better place.
  return text.slice(0, end || max).toWellFormed()
}

/** Two letters at most, whole grapheme clusters, for an avatar. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/u).filter(Boolean)
  const pick = words.length > 1 ? [words[0]!, words[words.length - 1]!] : words.slice(0, 1)
  return pick.map((word) => firstGrapheme(word).toLocaleUpperCase()).join('')
}

export function firstGrapheme(text: string): string {
  for (const { segment } of graphemes.segment(text)) return segment
  return ''
}

export interface Piece {
  text: string
  href?: string
}

const LINK = /(?:https?:\/\/|mailto:|xmpp:)[^\s<>"\u0000-\u001f\u007f]+/giu
const SAFE = new Set(['http:', 'https:', 'mailto:', 'xmpp:'])
const CLOSERS: Record<string, string> = { ')': '(', ']': '[', '}': '{', '»': '«', '”': '“', '’': '‘' }

/** A full stop after a link, or the bracket that encloses it, is the sentence's. */
function trimLink(link: string): string {
  let end = link.length
  while (end > 0) {
    const last = link[end - 1]!
    const opener = CLOSERS[last]
    if (opener !== undefined) {
      const inside = link.slice(0, end)
      if (inside.split(opener).length > inside.split(last).length - 1) break
    } else if (!/[.,;:!?'"…“„‚‘]/u.test(last)) break
    end -= 1
  }
  return link.slice(0, end)
}

/** Only http(s), mailto and xmpp become links, and only where the address stands in full. */
export function linkify(body: string): Piece[] {
  const pieces: Piece[] = []
  let at = 0
  for (const match of body.matchAll(LINK)) {
    const before = body[match.index - 1]
    if (before !== undefined && /[\p{L}\p{N}_]/u.test(before)) continue
    const text = trimLink(match[0])
    const href = safeHref(text)
    if (!href) continue
    if (match.index > at) pieces.push({ text: body.slice(at, match.index) })
    pieces.push({ text, href })
    at = match.index + text.length
  }
  if (at < body.length) pieces.push({ text: body.slice(at) })
  return pieces
}

export function safeHref(text: string): string | undefined {
  try {
    const url = new URL(text)
    if (!SAFE.has(url.protocol)) return undefined
    if (url.protocol.startsWith('http') ? !url.hostname : !url.pathname) return undefined
    return url.href
  } catch {
    return undefined
  }
}

// Letters of other scripts that are drawn like Latin ones; enough to tell that two names look alike.
const LOOKALIKES: Record<string, string> = {
  а: 'a', в: 'b', е: 'e', ё: 'e', і: 'i', ї: 'i', ј: 'j', к: 'k', м: 'm', н: 'h', о: 'o', р: 'p', с: 'c', ѕ: 's', т: 't', у: 'y', х: 'x', ԁ: 'd', ɡ: 'g', һ: 'h', ԛ: 'q', ԝ: 'w',
  α: 'a', β: 'b', ε: 'e', η: 'n', ι: 'i', κ: 'k', μ: 'm', ν: 'v', ο: 'o', ρ: 'p', τ: 't', υ: 'u', χ: 'x', ı: 'i', '0': 'o', '1': 'l', '|': 'l',
}

/** Equal for names that a reader could take for each other. */
export function skeleton(name: string): string {
  let out = ''
  for (const char of name.normalize('NFKD').toLowerCase().replace(/[\p{M}\p{Cf}\s]/gu, '')) out += LOOKALIKES[char] ?? char
  return out.replaceAll('i', 'l')
}

/** Ids of those whose shown name looks like another's. */
export function twins(people: Iterable<{ id: string; display_name: string }>): Set<string> {
  const seen = new Map<string, string[]>()
  for (const person of people) {
    const key = skeleton(person.display_name)
    const ids = seen.get(key)
    if (ids) ids.push(person.id)
    else seen.set(key, [person.id])
  }
  const twin = new Set<string>()
  for (const ids of seen.values()) if (ids.length > 1) for (const id of ids) twin.add(id)
  return twin
}

/** What leaves the composer: \r\n becomes \n, characters that the server refuses are dropped, blank ends too. */
export function outgoing(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/[\p{Cc}--[\n\t]]/gv, '')
    .replace(/[\uFFFE\uFFFF]/gu, '')
    .toWellFormed()
    .replace(/^\n+|\s+$/gu, '')
}

/** Something in it can be seen. */
export function isVisible(text: string): boolean {
  return /[^\p{Z}\p{C}]/u.test(text)
}
