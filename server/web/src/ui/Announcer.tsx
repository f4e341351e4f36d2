// SPDX-License-Identifier: GPL-3.0-or-later
import { useEffect, useRef, useState } from 'react'
import { n, t } from '../lib/i18n'
import type { Room } from '../lib/room'
import type { Row } from '../lib/rows'
import { useSession } from './hooks'

const PAUSE_MS = 3_000

/** Says new messages of the open group to a screen reader, at most one sentence in three seconds. */
export function Announcer({ room, rows }: { room: Room; rows: readonly Row[] }) {
  const { engine } = useSession()
  const told = useRef<number | undefined>(undefined)
  const waiting = useRef<string[]>([])
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const [text, setText] = useState('')

  useEffect(() => {
    const messages = room.stretch?.messages ?? []
    const newest = messages[messages.length - 1]?.seq
    if (newest === undefined || room.stretch?.moreAfter) return
    const from = told.current
    told.current = newest
    if (from === undefined || newest <= from) return
    for (const message of messages) {
      if (message.seq <= from || message.kind === 'system' || message.deleted || message.sender === engine.me.id) continue
      const name = engine.users.get(message.sender)?.display_name ?? t('Somebody')
      waiting.current.push(name + ': ' + (message.body ?? '').slice(0, 300))
    }
    const say = () => {
      const lines = waiting.current
      waiting.current = []
      timer.current = undefined
      if (lines.length === 0) return
      setText(lines.length === 1 ? lines[0]! : n('{count} new message', '{count} new messages', lines.length))
      timer.current = setTimeout(say, PAUSE_MS)
    }
    if (timer.current === undefined) say()
  }, [engine, room, rows])

  useEffect(() => () => clearTimeout(timer.current), [])
  return (
    <div className="sr-only" aria-live="polite">
      {text}
    </div>
  )
}
