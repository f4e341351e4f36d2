// SPDX-License-Identifier: GPL-3.0-or-later
// What a page that is loaded anew shows before the server has answered: the
// groups, and the newest messages of those last looked at. A sync brings them
// up to date from the rev that they have here. It goes when the person signs out.
import type { Shelf } from './shelf'
import type { Group, Message, User } from './types'

export interface Snapshot {
  version: 1
  epoch: string
  groups: Group[]
  users: User[]
  /** By group, in order of seq, up to the newest at that group's rev. */
  messages: Record<string, Message[]>
}

const KIND = 'known'
const ID = '1'
export const SNAPSHOT_ROWS = 40
export const SNAPSHOT_GROUPS = 5
/** Storage is small, and shared with drafts and unsent messages. */
const MAX_CHARS = 1_000_000

export function saveSnapshot(shelf: Shelf, snapshot: Snapshot): void {
  if (JSON.stringify(snapshot).length > MAX_CHARS) shelf.write(KIND, ID, { ...snapshot, messages: {} })
  else shelf.write(KIND, ID, snapshot)
}

export function loadSnapshot(shelf: Shelf): Snapshot | undefined {
  const found = shelf.read<Snapshot>(KIND, ID)
  if (found?.version !== 1 || !Array.isArray(found.groups) || !Array.isArray(found.users) || typeof found.messages !== 'object') return undefined
  return found
}
