// SPDX-License-Identifier: GPL-3.0-or-later
// Times in the reader's language and zone. Formats are made anew when the zone
// changes, which a running page learns from no event.
import { locale, t } from './i18n'

/** Asking the browser for its zone is slow; a change is seen this much later at most. */
const ZONE_MS = 2_000

let zone = ''
let askedAt = 0
let formats: Record<'time' | 'weekday' | 'date' | 'dateYear' | 'day' | 'dayYear' | 'full', Intl.DateTimeFormat>

function format(): typeof formats {
  const at = Date.now()
  if (formats && Math.abs(at - askedAt) < ZONE_MS) return formats
  askedAt = at
  const now = Intl.DateTimeFormat().resolvedOptions().timeZone
  if (now !== zone || !formats) {
    zone = now
    const make = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale(), options)
    formats = {
      time: make({ timeStyle: 'short' }),
      weekday: make({ weekday: 'short' }),
      date: make({ day: 'numeric', month: 'short' }),
      dateYear: make({ day: 'numeric', month: 'short', year: 'numeric' }),
      day: make({ weekday: 'long', day: 'numeric', month: 'long' }),
      dayYear: make({ day: 'numeric', month: 'long', year: 'numeric' }),
      full: make({ dateStyle: 'full', timeStyle: 'short' }),
    }
  }
  return formats
}

/** Days since the epoch by the reader's calendar. */
export function dayNumber(at: number): number {
  const date = new Date(at)
  return Math.round(Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 86_400_000)
}

export const clock = (at: number): string => format().time.format(at)
export const fullTime = (at: number): string => format().full.format(at)

function sameYear(a: number, b: number): boolean {
  return new Date(a).getFullYear() === new Date(b).getFullYear()
}

/** In the list: the time today, the weekday this week, else the date. */
export function listTime(at: number, now: number): string {
  const days = dayNumber(now) - dayNumber(at)
  if (days <= 0) return clock(at)
  if (days < 7) return format().weekday.format(at)
  return (sameYear(at, now) ? format().date : format().dateYear).format(at)
}

/** Above the first message of a day. */
export function dayLabel(at: number, now: number): string {
  const days = dayNumber(now) - dayNumber(at)
  if (days <= 0) return t('Today')
  if (days === 1) return t('Yesterday')
  return (sameYear(at, now) ? format().day : format().dayYear).format(at)
}

/** 0:07, 12:04, 1:02:03. */
export function duration(ms: number): string {
  const seconds = Math.floor(ms / 1_000)
  const two = (value: number) => String(value).padStart(2, '0')
  const hours = Math.floor(seconds / 3_600)
  const minutes = Math.floor(seconds / 60) % 60
  return (hours > 0 ? hours + ':' + two(minutes) : String(minutes)) + ':' + two(seconds % 60)
}

/** When somebody was last there. */
export function lastSeen(at: number, now: number): string {
  const days = dayNumber(now) - dayNumber(at)
  if (days <= 0) return t('Today, {time}', { time: clock(at) })
  if (days === 1) return t('Yesterday')
  if (days < 7) return new Intl.DateTimeFormat(locale(), { weekday: 'long' }).format(at)
  if (days < 14) return t('Last week')
  return (sameYear(at, now) ? format().date : format().dateYear).format(at)
}
