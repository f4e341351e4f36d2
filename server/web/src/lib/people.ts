// SPDX-License-Identifier: GPL-3.0-or-later
// Who stands in which section of the people pane.
import type { Engine } from './engine'
import type { Room } from './room'
import type { Role, User } from './types'

export interface Person {
  user: User
  role: Role | undefined
}

export interface People {
  here: Person[]
  online: Person[]
  offline: Person[]
  /** Without a connection nobody is said to be anything. */
  all: Person[] | undefined
}

const RANK: Record<Role, number> = { owner: 0, admin: 1, member: 2 }

function byName(collator: Intl.Collator) {
  return (a: Person, b: Person) =>
    RANK[a.role ?? 'member'] - RANK[b.role ?? 'member'] || collator.compare(a.user.display_name, b.user.display_name) || (a.user.id < b.user.id ? -1 : 1)
}

export function sortPeople(engine: Engine, room: Room): People {
  const order = byName(new Intl.Collator(undefined, { sensitivity: 'base' }))
  const ids = new Set([...(room.members?.keys() ?? []), ...(room.here ?? []), ...(room.online ?? [])])
  const people: Person[] = []
  for (const id of ids) {
    const user = engine.users.get(id)
    if (user) people.push({ user, role: engine.roleOf(room, id) })
  }
  people.sort(order)
  if (!engine.live) return { here: [], online: [], offline: [], all: people }
  const here: Person[] = []
  const online: Person[] = []
  const offline: Person[] = []
  for (const person of people) {
    const { id, status } = person.user
    if (room.here?.has(id)) here.push(person)
    else if (status === undefined ? room.online?.has(id) : status !== 'offline') online.push(person)
    else offline.push(person)
  }
  return { here, online, offline, all: undefined }
}
