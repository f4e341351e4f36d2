// SPDX-License-Identifier: GPL-3.0-or-later
declare module 'virtual:words' {
  const languages: Record<string, () => Promise<{ default: import('./lib/i18n').Catalogue }>>
  export default languages
}
