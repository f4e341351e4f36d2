// SPDX-License-Identifier: GPL-3.0-or-later
// Ctrl+K: a few letters of a group's name, Enter, and one is there.
import { useId, useState, type KeyboardEvent } from 'react'
import { t } from '../lib/i18n'
import type { Room } from '../lib/room'
import { router } from '../lib/router'
import { GroupTile } from './Avatar'
import { Dialog } from './Dialog'
import { orderGroups } from './GroupList'
import { useSession, useTopics } from './hooks'
import { Icon } from './Icon'

const SHOWN = 8

function fold(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
}

/** Names that begin with the words come first, then those that hold them. */
function match(rooms: Room[], query: string): Room[] {
  const wanted = fold(query.trim())
  if (!wanted) return rooms.slice(0, SHOWN)
  const rank = (room: Room) => {
    const name = fold(room.group.name)
    return name.startsWith(wanted) ? 0 : name.split(/\s+/u).some((word) => word.startsWith(wanted)) ? 1 : name.includes(wanted) ? 2 : 3
  }
  return rooms
    .map((room) => ({ room, rank: rank(room) }))
    .filter((each) => each.rank < 3)
    .sort((a, b) => a.rank - b.rank)
    .slice(0, SHOWN)
    .map((each) => each.room)
}

export function QuickJump({ onClose }: { onClose: () => void }) {
  const { engine } = useSession()
  useTopics(engine.topics, 'groups')
  const [query, setQuery] = useState('')
  const [at, setAt] = useState(0)
  const id = useId()
  const found = match(orderGroups(engine), query)
  const chosen = Math.min(at, Math.max(0, found.length - 1))

  const go = (room: Room | undefined) => {
    if (!room) return
    onClose()
    router.go({ at: 'group', id: room.id, seq: undefined })
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return
    if (event.key === 'ArrowDown') setAt(Math.min(chosen + 1, found.length - 1))
    else if (event.key === 'ArrowUp') setAt(Math.max(chosen - 1, 0))
    else if (event.key === 'Enter') go(found[chosen])
    else return
    event.preventDefault()
  }
  return (
    <Dialog title={t('Go to a group')} onClose={onClose}>
      <div className="search-field">
        <Icon name="search" />
        <input
          type="search"
          dir="auto"
          autoFocus
          role="combobox"
          aria-label={t('Name of the group')}
          aria-expanded={found.length > 0}
          aria-controls={id}
          aria-activedescendant={found.length > 0 ? id + chosen : undefined}
          autoComplete="off"
          value={query}
          onChange={(event) => {
            setQuery(event.target.value)
            setAt(0)
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <ul id={id} role="listbox" aria-label={t('Groups')}>
        {found.map((room, index) => (
          <li key={room.id} id={id + index} role="option" aria-selected={index === chosen} className="jump-row" onPointerMove={() => setAt(index)} onClick={() => go(room)}>
            <GroupTile group={room.group} size={34} />
            <span className="min-w-0 flex-1 truncate">
              <bdi>{room.group.name}</bdi>
            </span>
          </li>
        ))}
      </ul>
      {found.length === 0 ? <p className="dim p-6 text-center">{t('None of your groups is called that.')}</p> : null}
    </Dialog>
  )
}
