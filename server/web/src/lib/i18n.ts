// SPDX-License-Identifier: GPL-3.0-or-later
// English in the source is the key; a catalogue made from po/ may replace it.
// t('…') and n('one', 'many', count) are what the extraction looks for.

export interface Catalogue {
  language: string
  direction: 'ltr' | 'rtl'
  plural: (count: number) => number
  messages: Record<string, string | string[]>
}

let catalogue: Catalogue | undefined

export function useCatalogue(next: Catalogue | undefined): void {
  catalogue = next
}

export function locale(): string | undefined {
  return typeof navigator === 'undefined' ? undefined : navigator.languages?.[0]
}

type Values = Record<string, string | number>

function fill(text: string, values?: Values): string {
  return values ? text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole)) : text
}

export function t(text: string, values?: Values): string {
  const found = catalogue?.messages[text]
  return fill(typeof found === 'string' ? found : text, values)
}

/** {count} in the text is the number, in the reader's digits. */
export function n(one: string, many: string, count: number, values?: Values): string {
  const found = catalogue?.messages[one]
  const text = Array.isArray(found) ? (found[catalogue!.plural(count)] ?? many) : count === 1 ? one : many
  return fill(text, { ...values, count: number(count) })
}

let numbers: Intl.NumberFormat | undefined

export function number(value: number): string {
  numbers ??= new Intl.NumberFormat(locale())
  return numbers.format(value)
}

/** Splits a translated sentence at its {names}, so that parts of it can be set in bold. */
export function parts(text: string): { text: string; name?: string }[] {
  return text
    .split(/(\{\w+\})/)
    .filter(Boolean)
    .map((piece) => (/^\{\w+\}$/.test(piece) ? { text: piece, name: piece.slice(1, -1) } : { text: piece }))
}
