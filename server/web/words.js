// SPDX-License-Identifier: GPL-3.0-or-later
// The translations in po/web as modules of the bundle, one a language, loaded
// by the page that needs it. To begin or renew one:
//
//   xgettext --language=JavaScript --from-code=UTF-8 -kt -kn:1,2 -o web.pot $(find server/web/src -name '*.ts*')
//   msginit -i web.pot -o po/web/LANGUAGE.po    or    msgmerge -U po/web/LANGUAGE.po web.pot
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const folder = join(dirname(fileURLToPath(import.meta.url)), '../../po/web')
const ID = 'virtual:words'

const RTL = new Set(['ar', 'dv', 'fa', 'he', 'ku', 'ps', 'sd', 'ug', 'ur', 'yi'])

/** Entries of a PO file: {id, plural, strings, fuzzy}; the header has the empty id. */
export function parsePo(text) {
  const entries = []
  let entry = { strings: [] }
  let append
  const flush = () => {
    if (entry.id !== undefined) entries.push(entry)
    entry = { strings: [] }
    append = undefined
  }
  for (const line of [...text.split('\n'), '']) {
    const match = /^(?:(msgid|msgid_plural|msgstr)(?:\[(\d+)\])?\s+)?(".*")\s*$/.exec(line)
    if (match) {
      const [, keyword, index, quoted] = match
      const value = JSON.parse(quoted)
      if (keyword === 'msgid') {
        if (entry.id !== undefined) flush()
        entry.id = ''
        append = (more) => (entry.id += more)
      } else if (keyword === 'msgid_plural') {
        entry.plural = ''
        append = (more) => (entry.plural += more)
      } else if (keyword === 'msgstr') {
        const at = Number(index ?? 0)
        entry.strings[at] = ''
        append = (more) => (entry.strings[at] += more)
      }
      append?.(value)
    } else if (/^#,.*\bfuzzy\b/.test(line)) {
      if (entry.id !== undefined) flush()
      entry.fuzzy = true
    } else if (line.trim() === '') {
      flush()
    }
  }
  return entries
}

/** A catalogue as the source of a module. The plural rule is an expression of C, which is one of JavaScript too. */
export function catalogueModule(language, text) {
  const entries = parsePo(text)
  const header = entries.find((entry) => entry.id === '')?.strings[0] ?? ''
  const rule = /plural=([^;]+);/.exec(header)?.[1] ?? 'n != 1'
  if (!/^[n\d\s()!=<>%&|?:+*-]+$/.test(rule)) throw new Error(`${language}.po: an odd plural rule: ${rule}`)
  const messages = {}
  for (const entry of entries) {
    if (entry.id === '' || entry.fuzzy || entry.strings.length === 0 || entry.strings.some((string) => !string)) continue
    messages[entry.id] = entry.plural === undefined ? entry.strings[0] : entry.strings
  }
  const direction = RTL.has(language.split(/[-_]/)[0]) ? 'rtl' : 'ltr'
  return `export default { language: ${JSON.stringify(language.replace('_', '-'))}, direction: '${direction}', plural: (n) => Number(${rule}), messages: ${JSON.stringify(messages)} }\n`
}

/** `virtual:words`: a map of languages to functions that load them. */
export function words() {
  return {
    name: 'klatch-words',
    resolveId: (id) => (id === ID || id.startsWith(ID + '/') ? '\0' + id : undefined),
    load(id) {
      if (id === '\0' + ID) {
        const languages = readdirSync(folder).filter((name) => name.endsWith('.po')).map((name) => name.slice(0, -3))
        return `export default { ${languages.map((language) => `${JSON.stringify(language.replace('_', '-').toLowerCase())}: () => import('${ID}/${language}')`).join(', ')} }\n`
      }
      if (!id.startsWith('\0' + ID + '/')) return undefined
      const language = id.slice(ID.length + 2)
      const file = join(folder, language + '.po')
      this.addWatchFile(file)
      return catalogueModule(language, readFileSync(file, 'utf8'))
    },
  }
}
