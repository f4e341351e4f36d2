// SPDX-License-Identifier: GPL-3.0-or-later
// Shape tells kind: people are circles, groups rounded squares.
import { groupHue, personHue } from '../lib/hue'
import { firstGrapheme, initials } from '../lib/text'
import type { Status, User } from '../lib/types'

export function PersonAvatar({ user, size, faded = false }: { user: Pick<User, 'id' | 'display_name'>; size: number; faded?: boolean }) {
  return (
    <span className={'avatar person hue-' + personHue(user.id) + (faded ? ' faded' : '')} style={{ width: size, height: size, fontSize: size * 0.4 }} aria-hidden="true">
      {initials(user.display_name)}
    </span>
  )
}

export function GroupTile({ group, size }: { group: { id?: string; name: string; emoji?: string | null; hue?: number | null }; size: number }) {
  return (
    <span className={'avatar group hue-' + groupHue(group.id ?? group.name, group.hue)} style={{ width: size, height: size, fontSize: size * (group.emoji ? 0.5 : 0.42) }} aria-hidden="true">
      {group.emoji ? <span className="emoji">{group.emoji}</span> : firstGrapheme(group.name).toLocaleUpperCase()}
    </span>
  )
}

/** Filled: online; hollow ring: away; barred: not to be disturbed; nothing: offline. */
export function StatusDot({ status }: { status: Status | undefined }) {
  if (status === undefined || status === 'offline') return null
  return <span className={'status-dot ' + status} aria-hidden="true" />
}
