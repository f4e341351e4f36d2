// SPDX-License-Identifier: GPL-3.0-or-later
// The objects of docs/protocol.md, as they come over the wire.

export type Status = 'online' | 'away' | 'dnd' | 'offline'

export interface User {
  id: string
  name: string
  address: string
  remote?: boolean
  display_name: string
  status?: Status
  status_text?: string | null
  last_seen_at?: number
  deleted?: boolean
  updated_at?: number
  read_receipts?: boolean
  dnd?: boolean
  server_role?: string
}

export type Role = 'owner' | 'admin' | 'member'
export type Notify = 'all' | 'mentions' | 'none'

export interface Mine {
  role: Role
  peer?: string
  read_seq: number
  others_read_seq?: number
  unread: number
  mentions: number
  notify: Notify
  pinned: boolean
}

export interface Group {
  id: string
  kind: 'group' | 'direct'
  slug?: string
  address?: string
  name: string
  topic?: string
  visibility: 'public' | 'private'
  emoji?: string | null
  hue?: number | null
  members: number
  online: number
  here: number
  rev: number
  last_message?: Message
  call?: Call | null
  created_at: number
  mine?: Mine
}

export interface Call {
  id: string
  group: string
  mode: string
  started_by: string
  started_at: number
  peers: { peer: string; user: string; audio: boolean; video: boolean; screen: boolean; hand: boolean }[]
}

export interface SystemEvent {
  event: string
  user?: string
  by?: string
  value?: string
  duration_ms?: number
}

export interface Reaction {
  emoji: string
  users: string[]
}

export interface Message {
  id: string
  group: string
  seq: number
  rev: number
  sender: string
  client_id?: string
  kind: 'text' | 'media' | 'system'
  body?: string
  reply_to?: string
  mentions?: string[]
  mentions_all?: boolean
  system?: SystemEvent
  reactions?: Reaction[]
  created_at: number
  edited_at?: number
  deleted?: boolean
  deleted_by?: string
  /** Only in a group's last_message: the body was cut to 200 characters. */
  cut?: boolean
}

export interface Member {
  user: string
  role: Role | null
  rev: number
  joined_at?: number
}

export interface Invite {
  code: string
  url: string
  expires_at?: number
}

export interface ServerInfo {
  name: string
  domain: string
  version: string
  registration: 'open' | 'invite' | 'closed'
  limits: Record<string, number>
}

export interface InvitePreview {
  group?: { name: string; emoji?: string | null; hue?: number | null; members: number }
  server: ServerInfo
}

export interface Changes {
  rev: number
  reset?: boolean
  messages: Message[]
  members?: Member[]
}

export interface SyncAnswer {
  epoch: string
  user: User
  groups: Group[]
  users: User[]
  changes: Record<string, Changes>
  later?: string[]
}

export interface HistoryPage {
  messages: Message[]
  users: User[]
  more_before: boolean
  more_after: boolean
}

export interface PresenceEvent {
  users?: { id: string; status?: Status; status_text?: string | null; last_seen_at?: number }[]
  groups?: { id: string; online: number; here: number; here_users?: string[] }[]
}

export interface Notice {
  code: 'shutdown' | 'slow_consumer' | 'revoked'
  message: string
  retry_after_ms?: number
}

export interface WireError {
  code: string
  message: string
  field?: string
  retry_after_ms?: number
}
