// SPDX-License-Identifier: GPL-3.0-or-later
// What this client knows, kept true by sync and events: people, groups,
// conversations, presence. No React, no socket: `ask` and `tell` are given.
import { append, applyMessage, emptyStretch, fromPage, indexOfSeq, lastSeq, prepend, trimBefore, firstSeq } from './conversation'
import { CallError, toCallError } from './errors'
import { countUnread, isCountable, newRoom, noteChange, noteNew, type Room } from './room'
import { SNAPSHOT_GROUPS, SNAPSHOT_ROWS, type Snapshot } from './snapshot'
import { Topics } from './topics'
import { twins } from './text'
import type { Call, Changes, Group, HistoryPage, Member, Message, PresenceEvent, Role, SyncAnswer, User } from './types'

export interface Line {
  ask<T>(event: string, argument: object): Promise<T>
  tell(event: string, argument: object): void
}

export interface EngineHooks {
  /** A message of mine, known by its client_id, has its place in the group. */
  settled(clientId: string): void
  /** The group is gone for me: its drafts and unsent messages have nowhere to go. */
  gone(group: string, reason: string): void
  /** Another person than before is signed in by this browser's cookie. */
  stranger(user: User): void
}

export const TYPING_MS = 6_000
export const READ_MS = 1_000
const PAGE = 50
/** Above this many members the server tells presence of the group by number only. */
export const SMALL_GROUP = 200

export class Engine {
  readonly topics = new Topics()
  readonly users = new Map<string, User>()
  #twins: Set<string> | undefined
  readonly rooms = new Map<string, Room>()
  me: User
  /** Synced, and nothing stands between us and the server: what is alive may be shown. */
  live = false
  opened: string | undefined
  /** The reader has the tab before them and stands at the newest message. */
  attentive = true
  #epoch: string | undefined
  #synced = 0
  #looks = 0
  readonly #line: Line
  readonly #hooks: EngineHooks
  readonly #resyncing = new Set<string>()

  constructor(me: User, line: Line, hooks: EngineHooks) {
    this.me = me
    this.#line = line
    this.#hooks = hooks
    this.users.set(me.id, me)
  }

  // ── What was known before ─────────────────────────────────────────────────

  snapshot(): Snapshot | undefined {
    if (!this.#epoch) return undefined
    const messages: Record<string, Message[]> = {}
    const named = new Set<string>()
    const newest = [...this.rooms.values()].filter((room) => room.stretch && !room.stretch.moreAfter && room.looked > 0).sort((a, b) => b.looked - a.looked)
    for (const room of newest.slice(0, SNAPSHOT_GROUPS)) {
      const rows = room.stretch!.messages.slice(-SNAPSHOT_ROWS)
      messages[room.id] = rows
      for (const message of rows) {
        named.add(message.sender)
        if (message.system?.user) named.add(message.system.user)
        if (message.system?.by) named.add(message.system.by)
      }
    }
    for (const { group } of this.rooms.values()) if (group.last_message) named.add(group.last_message.sender)
    const users = [...named].flatMap((id) => this.users.get(id) ?? []).map((user) => ({ ...user, status: undefined }))
    return { version: 1, epoch: this.#epoch, groups: [...this.rooms.values()].map((room) => room.group), users, messages }
  }

  /** Before the first sync. */
  recall(snapshot: Snapshot): void {
    this.#epoch = snapshot.epoch
    for (const user of snapshot.users) if (user.id !== this.me.id) this.users.set(user.id, user)
    for (const group of snapshot.groups) {
      const room = newRoom(group)
      const rows = snapshot.messages[group.id]
      if (rows && rows.length > 0) room.stretch = fromPage(rows, (rows[0]?.seq ?? 1) > 1, false)
      if (room.stretch) room.newest = Math.max(room.newest, lastSeq(room.stretch))
      this.rooms.set(group.id, room)
    }
    this.topics.touch('groups', 'users', 'names')
  }

  // ── Sync ──────────────────────────────────────────────────────────────────

  /** After every connect. Throws what the first question came back with. */
  async sync(): Promise<void> {
    const since: Record<string, number> = {}
    for (const room of this.rooms.values()) if (room.stretch) since[room.id] = room.group.rev
    const first = await this.#line.ask<SyncAnswer>('sync', this.#epoch ? { epoch: this.#epoch, since } : { since })
    if (first.user.id !== this.me.id) {
      this.#hooks.stranger(first.user)
      return
    }
    const later = first.later ?? []
    this.topics.batch(() => {
      const mine = new Set([...first.groups.map((group) => group.id), ...later])
      for (const id of [...this.rooms.keys()]) if (!mine.has(id)) this.#drop(id, 'left')
      this.#takeSync(first)
      this.live = true
      this.topics.touch('app', 'groups', ...this.#everyRoomTopic())
    })
    await this.#askLater(later)
    this.#synced += 1
    this.topics.touch('app')
    this.#afterSync()
  }

  down(): void {
    if (!this.live) return
    this.topics.batch(() => {
      this.live = false
      for (const room of this.rooms.values()) {
        room.here = undefined
        room.online = undefined
        room.membersStale = true
        room.membersNext = undefined
        for (const timer of room.typing.values()) clearTimeout(timer)
        room.typing.clear()
      }
      for (const [id, user] of this.users) if (user.status) this.users.set(id, { ...user, status: undefined })
      this.topics.touch('app', 'users', 'groups', ...this.#everyRoomTopic())
    })
  }

  async #askLater(groups: string[]): Promise<void> {
    let wanted = groups
    while (wanted.length > 0) {
      const since: Record<string, number | null> = {}
      for (const id of wanted) {
        const room = this.rooms.get(id)
        since[id] = room?.stretch ? room.group.rev : null
      }
      const answer = await this.#line.ask<SyncAnswer>('sync', { epoch: this.#epoch, since, more: true })
      this.topics.batch(() => this.#takeSync(answer))
      wanted = answer.later ?? []
    }
  }

  #takeSync(answer: SyncAnswer): void {
    this.#epoch = answer.epoch
    this.#setMe(answer.user)
    this.takeUsers(answer.users)
    for (const group of answer.groups) this.#takeGroup(group)
    for (const [id, changes] of Object.entries(answer.changes ?? {})) this.#takeChanges(id, changes)
    this.topics.touch('groups')
  }

  #takeChanges(id: string, changes: Changes): void {
    const room = this.rooms.get(id)
    if (!room) return
    if (changes.reset) {
      room.members = undefined
      room.anchor = undefined
      if (room.stretch) {
        const first = changes.messages[0]
        room.stretch = changes.messages.length > 0 ? fromPage(changes.messages, (first?.seq ?? 1) > 1, false) : undefined
      }
    } else if (room.stretch) {
      for (const message of [...changes.messages].sort((a, b) => a.seq - b.seq)) this.#place(room, message)
    }
    for (const message of changes.messages) {
      room.newest = Math.max(room.newest, message.seq)
      this.#settle(message)
    }
    for (const member of changes.members ?? []) this.#takeMember(room, member)
    room.group.rev = changes.rev
    room.countedTo = room.newest
    room.counted.clear()
    this.topics.touch('c:' + id, 'p:' + id, 'g:' + id)
  }

  #afterSync(): void {
    for (const room of this.rooms.values()) {
      const mine = room.group.mine
      if (mine && room.readTo > mine.read_seq) this.#sendRead(room, room.readTo)
    }
    if (this.opened) {
      const id = this.opened
      this.opened = undefined
      void this.open(id)
    }
  }

  /** One group fell behind its events: ask for what lies between. */
  async #resync(room: Room): Promise<void> {
    if (this.#resyncing.has(room.id) || !this.live) return
    this.#resyncing.add(room.id)
    try {
      await this.#askLater([room.id])
    } catch {
      // The next connect syncs all of it.
    } finally {
      this.#resyncing.delete(room.id)
    }
  }

  // ── Objects ───────────────────────────────────────────────────────────────

  /** Of all whose name is known: those that a reader could take for another. */
  isTwin(user: string): boolean {
    this.#twins ??= twins([...this.users.values()].filter((each) => !each.deleted))
    return this.#twins.has(user)
  }

  takeUsers(users: readonly User[] | undefined): void {
    if (!users || users.length === 0) return
    for (const user of users) {
      if (user.id === this.me.id) this.#setMe(user)
      else this.#setUser(user)
    }
    this.topics.touch('users')
  }

  /** Names change seldom, presence every second: who only shows names listens to theirs. */
  #setUser(user: User): void {
    const known = this.users.get(user.id)
    this.users.set(user.id, user)
    if (known?.display_name !== user.display_name || known.address !== user.address) {
      this.#twins = undefined
      this.topics.touch('names')
    }
  }

  #setMe(user: User): void {
    this.me = { ...this.me, ...user }
    this.#setUser(this.me)
    this.topics.touch('me', 'users')
  }

  /** A whole group object, for me. The counts in it are exact. */
  #takeGroup(group: Group, keepRev = false): Room {
    const known = this.rooms.get(group.id)
    if (!known) {
      const room = newRoom(group)
      this.rooms.set(group.id, room)
      this.topics.touch('groups')
      return room
    }
    const rev = keepRev ? known.group.rev : known.stretch ? known.group.rev : group.rev
    const last = known.group.last_message
    known.group = { ...group, rev }
    if (last && last.seq > (group.last_message?.seq ?? 0)) known.group.last_message = last
    known.newest = Math.max(known.newest, group.last_message?.seq ?? 0)
    known.countedTo = known.newest
    known.counted.clear()
    known.readTo = Math.max(known.readTo, group.mine?.read_seq ?? 0)
    this.topics.touch('groups', 'g:' + group.id)
    return known
  }

  #takeMember(room: Room, member: Member): void {
    if (member.user === this.me.id && member.role && room.group.mine) {
      room.group.mine = { ...room.group.mine, role: member.role }
      this.topics.touch('g:' + room.id)
    }
    if (!room.members) return
    this.topics.touch('roles:' + room.id)
    if (member.role === null) {
      room.members.delete(member.user)
      room.here?.delete(member.user)
      room.online?.delete(member.user)
    } else if ((room.members.get(member.user)?.rev ?? 0) <= member.rev) {
      room.members.set(member.user, member)
    }
    this.topics.touch('p:' + room.id)
  }

  #drop(id: string, reason: string): void {
    const room = this.rooms.get(id)
    if (!room) return
    for (const timer of room.typing.values()) clearTimeout(timer)
    this.rooms.delete(id)
    if (this.opened === id) this.opened = undefined
    this.#hooks.gone(id, reason)
    this.topics.touch('groups', 'g:' + id, 'c:' + id, 'p:' + id)
  }

  #everyRoomTopic(): string[] {
    return [...this.rooms.keys()].flatMap((id) => ['c:' + id, 'p:' + id, 'g:' + id, 't:' + id, 'roles:' + id])
  }

  // ── Events ────────────────────────────────────────────────────────────────

  event(name: string, argument: unknown): void {
    const handler = this.#handlers[name]
    if (handler) this.topics.batch(() => handler(argument as never))
  }

  readonly #handlers: Record<string, (argument: never) => void> = {
    message: (event: { group: string; rev: number; message: Message }) => this.#onMessage(event.group, event.rev, event.message),
    member: (event: { group: string; rev: number; member: Member; user?: User }) => this.#onMember(event),
    group: (event: { group: Group; rev?: number }) => this.#onGroup(event.group, event.rev),
    'group:removed': (event: { group: string; reason: string }) => this.#drop(event.group, event.reason),
    user: (event: { user: User }) => this.#onUser(event.user),
    presence: (event: PresenceEvent) => this.#onPresence(event),
    typing: (event: { group: string; user: string; on: boolean }) => this.#onTyping(event),
    call: (event: { group: string; call: Call | null }) => this.#onCall(event),
    read: (event: { group: string; user: string; seq: number }) => this.#onRead(event),
  }

  #onCall({ group, call }: { group: string; call: Call | null }): void {
    const room = this.rooms.get(group)
    if (!room) return
    room.group = { ...room.group, call }
    const strangers = call?.peers.map(({ user }) => user).filter((user) => !this.users.has(user)) ?? []
    if (strangers.length > 0) void this.fetchUsers(strangers)
    this.topics.touch('g:' + group, 'p:' + group, 'groups', 'call')
  }

  /** True where it moves the group on; a hole before it is asked for. */
  #advance(room: Room, rev: number): boolean {
    if (rev <= room.group.rev) return false
    if (rev === room.group.rev + 1) room.group.rev = rev
    else void this.#resync(room)
    return true
  }

  #onMessage(id: string, rev: number, message: Message): void {
    const room = this.rooms.get(id)
    if (!room) return
    const fresh = this.#advance(room, rev)
    const before = room.stretch ? room.stretch.messages[indexOfSeq(room.stretch, message.seq)] : undefined
    if (fresh && message.seq > room.newest) {
      this.#noteArrival(room, message)
      noteNew(room, message, this.me.id)
    } else if (fresh) {
      noteChange(room, message, before, this.me.id)
    }
    if (message.kind !== 'system') this.#stopTyping(room, message.sender)
    if (room.loading > 0) room.buffer.push(message)
    this.#place(room, message)
    this.#settle(message)
    if (!this.users.has(message.sender)) void this.fetchUsers([message.sender])
    this.topics.touch('groups', 'g:' + id, 'c:' + id)
  }

  /** Something arrives that the reader does not see at once: the line goes before it. */
  #noteArrival(room: Room, message: Message): void {
    if (room.id !== this.opened || this.attentive || !isCountable(message, this.me.id)) return
    if ((room.group.mine?.unread ?? 0) === 0) room.line = { after: message.seq - 1, count: 1 }
    else if (room.line) room.line = { ...room.line, count: room.line.count + 1 }
  }

  /** Puts a message into the stretch that is held, if it belongs there. */
  #place(room: Room, message: Message): void {
    if (!room.stretch) return
    const [stretch, applied] = applyMessage(room.stretch, message)
    if (applied === 'gap') {
      // Shown when scrolled to; what lies between is read first.
      room.stretch = { ...room.stretch, moreAfter: true }
      if (room.loading === 0) void this.loadNewer(room.id)
      return
    }
    room.stretch = this.attentive && room.id === this.opened ? trimBefore(stretch) : stretch
  }

  #settle(message: Message): void {
    if (message.sender === this.me.id && message.client_id) this.#hooks.settled(message.client_id)
  }

  /** The answer to my own send. False: others' messages before it are still on their way. */
  takeSent(message: Message): boolean {
    const room = this.rooms.get(message.group)
    if (!room?.stretch || room.stretch.moreAfter) return true
    if (message.seq > lastSeq(room.stretch) + 1 && room.stretch.messages.length > 0) return false
    this.topics.batch(() => {
      room.newest = Math.max(room.newest, message.seq)
      if ((room.group.last_message?.seq ?? 0) < message.seq) room.group.last_message = message
      this.#place(room, message)
      this.topics.touch('groups', 'c:' + room.id)
    })
    return true
  }

  #onMember(event: { group: string; rev: number; member: Member; user?: User }): void {
    const room = this.rooms.get(event.group)
    if (!room) return
    this.#advance(room, event.rev)
    if (event.user) this.takeUsers([event.user])
    this.#takeMember(room, event.member)
    if (event.member.role === null) this.#stopTyping(room, event.member.user)
    this.topics.touch('p:' + room.id)
  }

  #onGroup(group: Group, rev: number | undefined): void {
    const known = this.rooms.get(group.id)
    if (rev === undefined) {
      const before = known?.group.mine?.read_seq ?? 0
      const room = this.#takeGroup(group, known !== undefined)
      if (known && (room.group.mine?.read_seq ?? 0) < before && room.group.mine) room.group.mine = { ...room.group.mine, read_seq: before }
      return
    }
    if (!known) return
    this.#advance(known, rev)
    // Mine, the last message and the counts are not for all to see, so not in it.
    const { mine, last_message, members, online, here, rev: held } = known.group
    known.group = { ...known.group, ...group, mine, last_message, members, online, here, rev: held }
    this.topics.touch('groups', 'g:' + group.id)
  }

  #onUser(user: User): void {
    const known = this.users.get(user.id)
    if (user.id === this.me.id) this.#setMe(user)
    else this.#setUser({ ...known, ...user })
    this.topics.touch('users')
  }

  #onPresence(event: PresenceEvent): void {
    for (const { id, ...presence } of event.users ?? []) {
      const known = this.users.get(id)
      if (known) this.users.set(id, { ...known, ...presence })
      if (id === this.me.id) this.me = this.users.get(id)!
      if (presence.status === 'offline') for (const room of this.rooms.values()) this.#stopTyping(room, id)
    }
    if (event.users?.length) this.topics.touch('users')
    for (const { id, online, here, here_users } of event.groups ?? []) {
      const room = this.rooms.get(id)
      if (!room) continue
      if (room.group.online !== online || room.group.here !== here) room.group = { ...room.group, online, here }
      if (here_users) {
        room.here = new Set(here_users)
        const strangers = here_users.filter((user) => !this.users.has(user))
        if (strangers.length > 0) void this.fetchUsers(strangers)
      }
      this.topics.touch('groups', 'g:' + id, 'p:' + id)
    }
  }

  #onTyping(event: { group: string; user: string; on: boolean }): void {
    const room = this.rooms.get(event.group)
    if (!room || event.user === this.me.id) return
    if (!event.on) {
      this.#stopTyping(room, event.user)
      return
    }
    clearTimeout(room.typing.get(event.user))
    room.typing.set(event.user, setTimeout(() => this.#stopTyping(room, event.user), TYPING_MS))
    if (!this.users.has(event.user)) void this.fetchUsers([event.user])
    this.topics.touch('t:' + room.id)
  }

  #stopTyping(room: Room, user: string): void {
    const timer = room.typing.get(user)
    if (timer === undefined) return
    clearTimeout(timer)
    room.typing.delete(user)
    this.topics.touch('t:' + room.id)
  }

  #onRead(event: { group: string; user: string; seq: number }): void {
    const room = this.rooms.get(event.group)
    const mine = room?.group.mine
    if (!room || !mine) return
    if (event.user !== this.me.id) {
      room.reads.set(event.user, Math.max(event.seq, room.reads.get(event.user) ?? 0))
      room.group.mine = { ...mine, others_read_seq: Math.max(event.seq, mine.others_read_seq ?? 0) }
      this.topics.touch('groups', 'g:' + room.id, 'c:' + room.id, 'reads:' + room.id)
      return
    }
    if (event.seq <= mine.read_seq) return
    room.readTo = Math.max(room.readTo, event.seq)
    this.#moveRead(room, event.seq)
  }

  // ── Reading ───────────────────────────────────────────────────────────────

  /** The reader has seen everything up to this seq. */
  markRead(id: string, seq: number): void {
    const room = this.rooms.get(id)
    const mine = room?.group.mine
    if (!room || !mine || seq <= mine.read_seq || seq <= room.readTo) return
    room.readTo = seq
    this.#moveRead(room, seq)
    this.#sendRead(room, seq)
  }

  /** At once, and then no more than once a second: everybody in the group is told of it. */
  #sendRead(room: Room, seq: number): void {
    if (!this.live) return
    if (room.readTimer !== undefined) {
      room.readAgain = true
      return
    }
    this.#line.tell('read', { group: room.id, seq })
    room.readTimer = setTimeout(() => {
      room.readTimer = undefined
      if (!room.readAgain) return
      room.readAgain = false
      if (this.rooms.get(room.id) === room) this.#sendRead(room, room.readTo)
    }, READ_MS)
  }

  #moveRead(room: Room, seq: number): void {
    const mine = { ...room.group.mine!, read_seq: seq }
    room.group = { ...room.group, mine }
    for (const counted of room.counted) if (counted <= seq) room.counted.delete(counted)
    const exact = countUnread(room, this.me.id)
    if (exact) Object.assign(mine, exact)
    else void this.#refreshGroup(room)
    this.topics.touch('groups', 'g:' + room.id)
  }

  async #refreshGroup(room: Room): Promise<void> {
    if (!this.live) return
    try {
      const answer = await this.#line.ask<SyncAnswer>('sync', { epoch: this.#epoch, since: { [room.id]: null }, more: true })
      this.topics.batch(() => {
        for (const group of answer.groups) this.#takeGroup(group, true)
      })
    } catch {
      // The count comes right with the next sync.
    }
  }

  // ── Opening and paging ────────────────────────────────────────────────────

  async open(id: string): Promise<void> {
    if (this.opened === id) return
    this.close()
    const room = this.rooms.get(id)
    if (!room) return
    this.opened = id
    room.looked = this.#looks += 1
    const mine = room.group.mine
    if (mine && mine.unread > 0 && !room.line) room.line = { after: mine.read_seq, count: mine.unread }
    this.topics.touch('c:' + id)
    if (!this.live) return
    void this.look(id)
    if (!room.stretch) {
      const far = mine && mine.unread > PAGE - 10
      await (far ? this.loadAround(id, mine.read_seq + 1) : this.loadNewest(id))
    } else if (room.stretch.messages.length === 0) {
      await this.loadNewest(id)
    }
  }

  close(): void {
    const room = this.opened === undefined ? undefined : this.rooms.get(this.opened)
    this.opened = undefined
    if (!room) return
    this.unlook(room.id)
    room.line = undefined
    room.here = undefined
    for (const timer of room.typing.values()) clearTimeout(timer)
    room.typing.clear()
    this.topics.touch('t:' + room.id, 'c:' + room.id)
  }

  /** Says that I look at the group, and hears who does. */
  async look(id: string): Promise<void> {
    const room = this.rooms.get(id)
    if (!room || !this.live) return
    void this.loadMembers(id)
    try {
      const answer = await this.#line.ask<{ here: string[]; online: string[]; users: User[]; reads?: { user: string; seq: number }[] }>('group:open', { group: id })
      this.topics.batch(() => {
        this.takeUsers(answer.users)
        room.here = new Set(answer.here)
        room.online = new Set(answer.online)
        for (const { user, seq } of answer.reads ?? []) room.reads.set(user, Math.max(seq, room.reads.get(user) ?? 0))
        if (room.group.members <= SMALL_GROUP) room.group = { ...room.group, here: answer.here.length, online: answer.online.length }
        this.topics.touch('p:' + id, 'g:' + id, 'groups', 'c:' + id, 'reads:' + id)
      })
    } catch {
      // Counts still come with presence events.
    }
  }

  unlook(id: string): void {
    void this.#takeLeave(id)
  }

  /** The counts without me: from now on I hear them seldom. */
  async #takeLeave(id: string): Promise<void> {
    try {
      const { here, online } = await this.#line.ask<{ here?: number; online?: number }>('group:close', { group: id })
      const room = this.rooms.get(id)
      if (!room) return
      room.group = { ...room.group, here: here ?? room.group.here, online: online ?? room.group.online }
      this.topics.touch('g:' + id, 'groups')
    } catch {
      // Counts still come with presence events.
    }
  }

  async #page(room: Room, argument: object, take: (page: HistoryPage) => void): Promise<void> {
    room.loading += 1
    room.failed = false
    this.topics.touch('c:' + room.id)
    try {
      const page = await this.#line.ask<HistoryPage>('history', { group: room.id, limit: PAGE, ...argument })
      this.topics.batch(() => {
        this.takeUsers(page.users)
        take(page)
        for (const message of page.messages) {
          room.newest = Math.max(room.newest, message.seq)
          this.#settle(message)
        }
        for (const message of room.buffer.sort((a, b) => a.seq - b.seq)) this.#place(room, message)
        this.topics.touch('c:' + room.id)
      })
    } catch (cause) {
      room.failed = toCallError(cause).code !== 'offline' || room.stretch === undefined
    } finally {
      room.loading -= 1
      if (room.loading === 0) room.buffer = []
      this.topics.touch('c:' + room.id)
    }
  }

  loadNewest(id: string): Promise<void> {
    const room = this.rooms.get(id)
    if (!room) return Promise.resolve()
    return this.#page(room, {}, (page) => {
      room.stretch = page.messages.length > 0 ? fromPage(page.messages, page.more_before, page.more_after) : emptyStretch
    })
  }

  loadAround(id: string, seq: number): Promise<void> {
    const room = this.rooms.get(id)
    if (!room) return Promise.resolve()
    return this.#page(room, { around: seq }, (page) => {
      room.stretch = page.messages.length > 0 ? fromPage(page.messages, page.more_before, page.more_after) : emptyStretch
    })
  }

  async loadOlder(id: string): Promise<void> {
    const room = this.rooms.get(id)
    if (!room?.stretch || room.loading > 0 || !room.stretch.moreBefore || !this.live) return
    await this.#page(room, { before: firstSeq(room.stretch) }, (page) => {
      if (room.stretch) room.stretch = prepend(room.stretch, page.messages, page.more_before)
    })
  }

  async loadNewer(id: string): Promise<void> {
    const room = this.rooms.get(id)
    if (!room?.stretch || room.loading > 0 || !room.stretch.moreAfter || !this.live) return
    await this.#page(room, { after: lastSeq(room.stretch) }, (page) => {
      if (room.stretch) room.stretch = append(room.stretch, page.messages, page.more_after)
    })
  }

  /** All members of a small group; of a large one the next page. */
  async loadMembers(id: string, further = false): Promise<void> {
    const room = this.rooms.get(id)
    if (!room || room.membersLoading || !this.live || (room.members && !room.membersStale && !further)) return
    room.membersLoading = true
    try {
      let after = further ? room.membersNext : undefined
      const members = further && room.members && !room.membersStale ? room.members : new Map<string, Member>()
      do {
        const answer = await this.#line.ask<{ members: Member[]; users: User[]; next?: string }>('group:members', { group: id, limit: 100, ...(after ? { after } : {}) })
        for (const member of answer.members) members.set(member.user, member)
        this.takeUsers(answer.users)
        after = answer.next
      } while (after && members.size < SMALL_GROUP)
      if (!this.live) return
      room.members = members
      room.membersStale = false
      room.membersNext = after
    } catch {
      // The pane shows who is here all the same.
    } finally {
      room.membersLoading = false
      this.topics.touch('p:' + id, 'roles:' + id)
    }
  }

  /** Joined, created: the answer starts the group's events, like sync's. */
  takeJoined(answer: { group: Group; messages?: Message[]; users: User[] }): Room {
    return this.topics.batch(() => {
      this.takeUsers(answer.users)
      const room = this.#takeGroup(answer.group)
      if (answer.messages && !room.stretch) {
        const first = answer.messages[0]
        room.stretch = first ? fromPage(answer.messages, first.seq > 1, false) : undefined
        room.newest = Math.max(room.newest, ...answer.messages.map((message) => message.seq))
      }
      this.topics.touch('groups', 'c:' + room.id)
      return room
    })
  }

  takeMine(group: Group): void {
    this.topics.batch(() => this.#takeGroup(group, true))
  }

  #asked = new Set<string>()

  async fetchUsers(ids: string[]): Promise<void> {
    const wanted = ids.filter((id) => !this.#asked.has(id)).slice(0, 100)
    if (wanted.length === 0 || !this.live) return
    for (const id of wanted) this.#asked.add(id)
    try {
      const answer = await this.#line.ask<{ users: User[] }>('users', { ids: wanted })
      this.takeUsers(answer.users)
    } catch (cause) {
      if (cause instanceof CallError && cause.passing) for (const id of wanted) this.#asked.delete(id)
    }
  }

  roleOf(room: Room, user: string): Role | undefined {
    return room.members?.get(user)?.role ?? undefined
  }

  get syncs(): number {
    return this.#synced
  }
}
