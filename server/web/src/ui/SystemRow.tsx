// SPDX-License-Identifier: GPL-3.0-or-later
import type { ReactNode } from 'react'
import type { Engine } from '../lib/engine'
import { duration } from '../lib/format'
import { n, parts, t } from '../lib/i18n'
import type { SystemNote, SystemRow } from '../lib/rows'
import { useSession, useTopics } from './hooks'

/** The translated sentence for a note, with {name}, {by} and {value} still in it. */
function sentence(note: SystemNote): { text: string; others: number } {
  const others = note.users.length - 1
  const by = note.by !== undefined && note.by !== note.users[0]
  switch (note.event) {
    case 'created':
      return { text: t('{name} created the group'), others: 0 }
    case 'joined':
      if (others > 0) return { text: n('{name} and {count} other joined', '{name} and {count} others joined', others), others }
      return { text: by ? t('{by} brought {name} in') : t('{name} joined'), others }
    case 'left':
      return { text: others > 0 ? n('{name} and {count} other left', '{name} and {count} others left', others) : t('{name} left'), others }
    case 'removed':
      if (others > 0) return { text: n('{name} and {count} other were removed', '{name} and {count} others were removed', others), others }
      return { text: by ? t('{by} removed {name}') : t('{name} was removed'), others }
    case 'renamed':
      return { text: t('{by} renamed the group to “{value}”'), others: 0 }
    case 'topic':
      return { text: note.value ? t('{by} changed the topic to “{value}”') : t('{by} removed the topic'), others: 0 }
    case 'call':
      if (note.value === 'missed') return { text: t('Missed call from {name}'), others: 0 }
      return { text: t('Call, {duration}', { duration: duration(note.duration ?? 0) }), others: 0 }
    default:
      return { text: '', others: 0 }
  }
}

function noteView(engine: Engine, note: SystemNote): ReactNode[] {
  const name = (id: string | undefined) => (id === undefined ? t('Somebody') : (engine.users.get(id)?.display_name ?? t('Somebody')))
  const values: Record<string, ReactNode> = {
    name: <b><bdi>{name(note.users[0])}</bdi></b>,
    by: <b><bdi>{name(note.by ?? note.users[0])}</bdi></b>,
    value: <bdi>{note.value}</bdi>,
  }
  return parts(sentence(note).text).map((piece, index) => <span key={index}>{piece.name && piece.name in values ? values[piece.name] : piece.text}</span>)
}

export function SystemRowView({ row }: { row: SystemRow }) {
  const { engine } = useSession()
  useTopics(engine.topics, 'names')
  const notes = row.notes.map((note) => noteView(engine, note)).filter((pieces) => pieces.length > 0)
  return (
    <div className="system-row" data-key={row.key} data-seq={row.seq}>
      {notes.map((pieces, index) => (
        <span key={index}>
          {index > 0 ? ' · ' : ''}
          {pieces}
        </span>
      ))}
    </div>
  )
}
