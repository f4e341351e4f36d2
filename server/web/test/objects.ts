// SPDX-License-Identifier: GPL-3.0-or-later
// Objects as the server sends them, as short as a test can say them.
import type { Group, HistoryPage, Message, SyncAnswer, User } from '../src/lib/types'

export const ME = 'u-me'
export const DAY = Date.UTC(2026, 10, 25, 12)

export function user(id: string, more: Partial<User> = {}): User {
  return { id, name: id, address: id + '@klatch.example', display_name: id.toUpperCase(), ...more }
}

export function message(seq: number, more: Partial<Message> = {}): Message {
  return { id: 'm' + seq, group: 'g', seq, rev: seq, sender: 'u-ana', client_id: 'c' + seq, kind: 'text', body: 'text ' + seq, created_at: DAY + seq * 1_000, ...more }
}

export function system(seq: number, event: string, who: string, more: Partial<Message> = {}): Message {
  return message(seq, { kind: 'system', body: '', sender: who, client_id: undefined, system: { event, user: who, ...more.system }, ...more })
}

export function group(id: string, more: Partial<Group> = {}, mine: Partial<NonNullable<Group['mine']>> = {}): Group {
  return {
    id,
    kind: 'group',
    name: 'Group ' + id,
    topic: '',
    visibility: 'public',
    members: 3,
    online: 2,
    here: 1,
    rev: 10,
    created_at: DAY,
    mine: { role: 'member', read_seq: 10, unread: 0, mentions: 0, notify: 'all', pinned: false, ...mine },
    ...more,
  }
}

export function syncAnswer(groups: Group[], more: Partial<SyncAnswer> = {}): SyncAnswer {
  return { epoch: 'e1', user: user(ME), groups, users: [user(ME), user('u-ana'), user('u-bo')], changes: {}, ...more }
}

export function history(messages: Message[], more_before = false, more_after = false): HistoryPage {
  return { messages, users: [user('u-ana')], more_before, more_after }
}
