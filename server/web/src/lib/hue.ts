// SPDX-License-Identifier: GPL-3.0-or-later
export const HUES = ['berry', 'rust', 'ochre', 'moss', 'sea', 'sky', 'iris', 'plum'] as const
export type Hue = (typeof HUES)[number]

const encoder = new TextEncoder()

/** FNV-1a, 32 bit, of the UTF-8 bytes: every client gives a person the same hue. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of encoder.encode(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}

export function personHue(id: string): Hue {
  return HUES[fnv1a(id) % 8]!
}

export function groupHue(id: string, hue: number | null | undefined): Hue {
  return typeof hue === 'number' && HUES[hue] ? HUES[hue] : personHue(id)
}
