// SPDX-License-Identifier: GPL-3.0-or-later
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { pickLanguage } from '../src/lib/words'
import { catalogueModule, folder, parsePo } from '../words.js'

/** Every t('…') and n('…', '…') in the sources. */
function spoken() {
  const root = join(import.meta.dirname, '../src')
  const text = readdirSync(root, { recursive: true }).filter((name) => /\.tsx?$/.test(name) && !name.endsWith('i18n.ts')).map((name) => readFileSync(join(root, name), 'utf8')).join('\n')
  const string = "'((?:[^'\\\\\\n]|\\\\.)*)'"
  const singles = [...text.matchAll(new RegExp('\\bt\\(\\s*' + string, 'g'))].map((match) => ({ id: match[1], plural: undefined }))
  const plurals = [...text.matchAll(new RegExp('\\bn\\(\\s*' + string + ',\\s*' + string, 'g'))].map((match) => ({ id: match[1], plural: match[2] }))
  return [...singles, ...plurals]
}

const holes = (text) => [...text.matchAll(/\{\w+\}/g)].map((match) => match[0]).sort()

describe('words', () => {
  const said = spoken()
  it('are found in the sources', () => expect(said.length).toBeGreaterThan(200))

  describe.each(readdirSync(folder).filter((name) => name.endsWith('.po')))('%s', (file) => {
    const entries = parsePo(readFileSync(join(folder, file), 'utf8'))
    const known = new Map(entries.filter((entry) => !entry.fuzzy && entry.strings.every(Boolean)).map((entry) => [entry.id, entry]))
    it('has all of them, in the same forms', () => {
      expect(said.filter(({ id, plural }) => known.get(id)?.plural !== plural || !known.has(id)).map(({ id }) => id)).toEqual([])
    })
    it('has none that nobody says', () => {
      const ids = new Set(said.map(({ id }) => id))
      expect([...known.keys()].filter((id) => id !== '' && !ids.has(id))).toEqual([])
    })
    it('keeps what is filled in', () => {
      for (const entry of known.values()) {
        if (entry.id === '') continue
        if (entry.plural === undefined) expect(holes(entry.strings[0]), entry.id).toEqual(holes(entry.id))
        else for (const string of entry.strings) for (const hole of holes(entry.plural)) expect(hole === '{count}' || string.includes(hole), entry.id + hole).toBe(true)
      }
    })
    it('is a module', async () => {
      const source = catalogueModule(file.slice(0, -3), readFileSync(join(folder, file), 'utf8'))
      const module = await import(/* @vite-ignore */ 'data:text/javascript,' + encodeURIComponent(source))
      expect(module.default.plural(1)).toBe(0)
      expect(Object.keys(module.default.messages).length).toBeGreaterThan(200)
    })
  })

  it('refuse a rule that is no rule', () => {
    expect(() => catalogueModule('xx', 'msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=alert(1);\\n"\n')).toThrow(/odd plural rule/)
  })

  it('are those of the reader', () => {
    expect(pickLanguage(['de-AT', 'en'], ['de'])).toBe('de')
    expect(pickLanguage(['en-GB', 'de'], ['de'])).toBeUndefined()
    expect(pickLanguage(['fr', 'de'], ['de'])).toBe('de')
    expect(pickLanguage(['pt-BR'], ['pt', 'pt-br'])).toBe('pt-br')
    expect(pickLanguage([], ['de'])).toBeUndefined()
  })
})
