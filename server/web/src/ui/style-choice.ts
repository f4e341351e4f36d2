// SPDX-License-Identifier: GPL-3.0-or-later
// Light, dark, or as the system has it; of this browser, not of a person.
export type StyleChoice = 'system' | 'light' | 'dark'

const KEY = 'klatch:style'

export function savedStyle(): StyleChoice {
  try {
    const saved = localStorage.getItem(KEY)
    return saved === 'light' || saved === 'dark' ? saved : 'system'
  } catch {
    return 'system'
  }
}

export function applyStyle(choice: StyleChoice): void {
  if (choice === 'system') delete document.documentElement.dataset['style']
  else document.documentElement.dataset['style'] = choice
}

export function chooseStyle(choice: StyleChoice): void {
  applyStyle(choice)
  try {
    localStorage.setItem(KEY, choice)
  } catch {
    // It holds for this visit.
  }
}
