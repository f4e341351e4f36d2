// SPDX-License-Identifier: GPL-3.0-or-later
import languages from 'virtual:words'
import { useCatalogue } from './i18n'

/** The first language of the reader's that we have; English, which the source speaks, ends the search. */
export function pickLanguage(wanted: readonly string[], have: readonly string[]): string | undefined {
  for (const tag of wanted) {
    const exact = tag.toLowerCase()
    const base = exact.split('-')[0]!
    if (have.includes(exact)) return exact
    if (have.includes(base)) return base
    if (base === 'en') return undefined
  }
  return undefined
}

/** Before anything is drawn. Without its catalogue the page speaks English. */
export async function loadWords(): Promise<void> {
  const language = pickLanguage(navigator.languages, Object.keys(languages))
  if (!language) return
  try {
    const catalogue = (await languages[language]!()).default
    useCatalogue(catalogue)
    document.documentElement.lang = catalogue.language
    document.documentElement.dir = catalogue.direction
  } catch {
    // English it is.
  }
}
