// SPDX-License-Identifier: GPL-3.0-or-later
// Joins the parts: the session, the line, the engine, the outbox, the browser's
// own events. One for the page.
import { api, type Credentials, type Registration } from './api'
import { Calls } from './call/calls'
import { Connection } from './connection'
import { Engine } from './engine'
import { CallError, toCallError } from './errors'
import { Outbox } from './outbox'
import { forgetPeople, LocalBox, newClientId, Shelf } from './shelf'
import { loadSnapshot, saveSnapshot } from './snapshot'
import { outgoing } from './text'
import { Topics } from './topics'
import type { Group, Invite, Message, Notify, ServerInfo, User } from './types'

export type Phase = 'loading' | 'unreachable' | 'signed-out' | 'in'

/** A tab that is out of sight this long does not count as being here. */
const AWAY_MS = 30_000
const TYPING_REPEAT_MS = 4_000
/** Shorter breaks are not worth a banner. */
const BANNER_MS = 1_500

const SAVE_MS = 3_000

const TAB_CHANNEL = 'klatch'
const RELAY_KEY = 'klatch:always-relay'

function deviceName(): string {
  const agent = navigator.userAgent
  const browser = /Firefox\//.test(agent) ? 'Firefox' : /Edg\//.test(agent) ? 'Edge' : /Chrom(e|ium)\//.test(agent) ? 'Chromium' : /Safari\//.test(agent) ? 'Safari' : 'Browser'
  const system = /Android/.test(agent) ? 'Android' : /iPhone|iPad/.test(agent) ? 'iOS' : /Mac OS/.test(agent) ? 'macOS' : /Windows/.test(agent) ? 'Windows' : /Linux/.test(agent) ? 'Linux' : ''
  return system ? browser + ' · ' + system : browser
}

export interface Session {
  readonly engine: Engine
  readonly outbox: Outbox
  readonly shelf: Shelf
  readonly calls: Calls
}

export class Client {
  readonly topics = new Topics()
  readonly box = new LocalBox()
  phase: Phase = 'loading'
  server: ServerInfo | undefined
  session: Session | undefined
  /** Why the sign-in screen is shown, where it was not asked for. */
  farewell: 'revoked' | 'expired' | 'out' | undefined
  /** The invite that this account was just made with: it has joined its group too. */
  registeredBy: string | undefined
  /** The break in the line is long enough to speak of. */
  broken = false
  /** The server has another version of this page than the one that runs. */
  outdated = false
  /** What went wrong with something that has no field to say it in. */
  toast: { id: number; text: string } | undefined
  #line: Connection
  #bannerTimer: ReturnType<typeof setTimeout> | undefined
  #awayTimer: ReturnType<typeof setTimeout> | undefined
  #away = false
  #typing: { group: string; at: number } | undefined
  #tabs: BroadcastChannel | undefined
  #toasts = 0
  #saveTimer: ReturnType<typeof setTimeout> | undefined
  #unwatch: (() => void) | undefined
  #visits = 0

  constructor() {
    this.#line = this.#newLine()
  }

  // ── Session ───────────────────────────────────────────────────────────────

  async start(): Promise<void> {
    this.#listen()
    await this.resume()
  }

  /** Finds out who is signed in by the cookie. */
  async resume(): Promise<void> {
    api.server().then((server) => {
      this.server = server
      this.topics.touch('app')
    }, () => undefined)
    try {
      this.#enter(await api.me())
    } catch (cause) {
      const error = toCallError(cause)
      if (error.code !== 'unauthorized') this.#setPhase('unreachable')
      else if (this.session) this.#leave('expired')
      else this.#setPhase('signed-out')
    }
  }

  async signIn(who: Credentials): Promise<void> {
    this.#enter(await api.signIn(who, deviceName()))
    this.#tabs?.postMessage('in')
  }

  async register(who: Registration): Promise<void> {
    const user = await api.register(who, deviceName())
    this.registeredBy = who.invite
    this.#enter(user)
    this.#tabs?.postMessage('in')
  }

  async signOut(): Promise<void> {
    try {
      await api.signOut()
    } catch (cause) {
      // Without the server the session would go on: say so instead of pretending.
      if (toCallError(cause).code !== 'unauthorized') throw cause
    }
    this.#leave('out')
    this.#tabs?.postMessage('out')
  }

  setAlwaysRelay(on: boolean): void {
    this.box.set(RELAY_KEY, on ? 'on' : 'off')
    if (this.session) this.session.calls.alwaysRelay = on
  }

  #setPhase(phase: Phase): void {
    this.phase = phase
    this.topics.touch('app')
  }

  #enter(user: User): void {
    if (this.session?.engine.me.id === user.id) {
      this.#setPhase('in')
      this.#line.probe()
      return
    }
    this.#end()
    const shelf = new Shelf(this.box, user.id)
    const line = this.#line
    const engine: Engine = new Engine(user, line, {
      settled: (clientId) => this.session?.outbox.settle(clientId),
      gone: (group) => {
        this.session?.outbox.dropGroup(group)
        shelf.remove('draft', group)
      },
      stranger: (other) => this.#enter(other),
    })
    const outbox = new Outbox(shelf, {
      send: async (pending) =>
        (await line.ask<{ message: Message }>('message:send', { group: pending.group, client_id: pending.client_id, body: pending.body })).message,
      stored: (message) => engine.takeSent(message),
      changed: (group) => engine.topics.touch('c:' + group, 'g:' + group, 'groups'),
      heldChanged: () => this.topics.touch('app'),
      unauthorized: () => void this.#verify(),
    })
    const calls = new Calls(line, engine.topics, () => engine.me.id)
    calls.alwaysRelay = this.box.get(RELAY_KEY) === 'on'
    const known = loadSnapshot(shelf)
    if (known) engine.recall(known)
    this.#unwatch = engine.topics.subscribe(['groups', 'app'], () => this.#saveSoon())
    this.session = { engine, outbox, shelf, calls }
    this.farewell = undefined
    this.#visits += 1
    this.#setPhase('in')
    line.start()
  }

  #saveSoon(): void {
    this.#saveTimer ??= setTimeout(() => this.#save(), SAVE_MS)
  }

  /** For the next time that this page is loaded. */
  #save(): void {
    clearTimeout(this.#saveTimer)
    this.#saveTimer = undefined
    const snapshot = this.session?.engine.live ? this.session.engine.snapshot() : undefined
    if (snapshot && this.session) saveSnapshot(this.session.shelf, snapshot)
  }

  /** Ends what runs for the present person; their unsent messages stay for when they come back. */
  #end(): void {
    clearTimeout(this.#saveTimer)
    this.#saveTimer = undefined
    this.#unwatch?.()
    this.#line.stop()
    this.session?.outbox.close()
    this.session?.calls.close()
    this.session?.engine.down()
    this.session = undefined
    this.broken = false
    clearTimeout(this.#bannerTimer)
    this.#line = this.#newLine()
  }

  /** Signed out here or from elsewhere: nothing of anybody stays in this browser. A session that ran out keeps what is unsent. */
  #leave(farewell: 'revoked' | 'expired' | 'out'): void {
    this.#end()
    if (farewell !== 'expired') forgetPeople(this.box)
    this.farewell = farewell
    this.#setPhase('signed-out')
  }

  /** The socket was refused, or the page comes from the browser's cache: is the session still good? */
  async #verify(): Promise<void> {
    if (this.phase !== 'in') return
    const visit = this.#visits
    try {
      const user = await api.me()
      if (visit === this.#visits) {
        if (user.id !== this.session?.engine.me.id) this.#enter(user)
        else this.#line.retryNow()
      }
    } catch (cause) {
      if (visit === this.#visits && toCallError(cause).code === 'unauthorized') this.#leave('expired')
    }
  }

  // ── The line ──────────────────────────────────────────────────────────────

  #newLine(): Connection {
    const line: Connection = new Connection({
      up: () => void this.#onUp(line),
      down: () => {
        if (line === this.#line) this.#onDown()
      },
      event: (name, argument) => {
        if (line !== this.#line) return
        if (name === 'notice') this.#onNotice((argument as { code?: string }).code)
        else {
          this.session?.engine.event(name, argument)
          if (name.startsWith('call')) this.session?.calls.event(name, argument)
        }
      },
      refused: () => void this.#verify(),
    })
    return line
  }

  async #onUp(line: Connection): Promise<void> {
    const session = this.session
    if (!session || line !== this.#line) return
    if (this.#away) line.tell('presence', { status: 'away' })
    try {
      await session.engine.sync()
    } catch (cause) {
      const error = toCallError(cause)
      if (line !== this.#line || session !== this.session) return
      if (error.code === 'unauthorized') {
        void this.#verify()
      } else if (line.connected) {
        setTimeout(() => {
          if (line === this.#line && line.connected && !session.engine.live) void this.#onUp(line)
        }, error.retryAfterMs ?? 1_000)
      }
      return
    }
    if (session !== this.session) return
    if (this.#away && session.engine.opened) session.engine.unlook(session.engine.opened)
    this.#setBroken(false)
    session.outbox.online()
    void session.calls.online()
    if (session.engine.syncs > 1) void this.#checkVersion()
  }

  #onDown(): void {
    const session = this.session
    if (!session) return
    session.outbox.offline()
    session.calls.offline()
    session.engine.down()
    this.#typing = undefined
    if (!this.broken && this.#bannerTimer === undefined) {
      this.#bannerTimer = setTimeout(() => this.#setBroken(true), BANNER_MS)
    }
  }

  #setBroken(broken: boolean): void {
    clearTimeout(this.#bannerTimer)
    this.#bannerTimer = undefined
    if (this.broken === broken) return
    this.broken = broken
    this.topics.touch('app')
  }

  #onNotice(code: string | undefined): void {
    if (code === 'revoked') this.#leave('revoked')
  }

  retryNow(): void {
    this.#line.retryNow()
  }

  /** After an upgrade of the server the page offers to reload, once, and never by itself. */
  async #checkVersion(): Promise<void> {
    if (this.outdated) return
    const mine = document.querySelector<HTMLScriptElement>('script[type="module"][src]')?.getAttribute('src')
    if (!mine) return
    try {
      const response = await fetch('/', { cache: 'no-cache', credentials: 'same-origin' })
      const page = await response.text()
      if (response.ok && page.includes('id="root"') && !page.includes(mine)) {
        this.outdated = true
        this.topics.touch('app')
      }
    } catch {
      // Asked again after the next reconnect.
    }
  }

  // ── The browser ───────────────────────────────────────────────────────────

  #listen(): void {
    document.addEventListener('visibilitychange', () => this.#onVisibility())
    addEventListener('online', () => this.#line.probe())
    addEventListener('offline', () => this.#line.probe())
    addEventListener('focus', () => this.#line.retryNow())
    document.addEventListener('resume', () => this.#line.probe())
    addEventListener('pageshow', (event) => {
      // Back from the browser's cache: nothing is shown before it is known who is signed in.
      if (!event.persisted || this.phase !== 'in') return
      this.#setPhase('loading')
      void this.resume()
    })
    addEventListener('pagehide', () => {
      this.#save()
      this.session?.calls.leave()
    })
    addEventListener('storage', (event) => this.#onStorage(event))
    if (typeof BroadcastChannel === 'function') {
      this.#tabs = new BroadcastChannel(TAB_CHANNEL)
      this.#tabs.onmessage = (event: MessageEvent<unknown>) => {
        if (event.data === 'out' && this.phase === 'in') void this.#verify()
        if (event.data === 'in' && this.phase !== 'in') void this.resume()
      }
    }
    if (document.hidden) this.#onVisibility()
  }

  #onVisibility(): void {
    clearTimeout(this.#awayTimer)
    if (document.hidden) {
      this.#awayTimer = setTimeout(() => this.#setAway(true), AWAY_MS)
      this.stopTyping()
      return
    }
    this.#setAway(false)
    this.#line.probe()
  }

  #setAway(away: boolean): void {
    if (this.#away === away) return
    this.#away = away
    const engine = this.session?.engine
    this.#line.tell('presence', { status: away ? 'away' : 'online' })
    if (!engine?.opened) return
    if (away) engine.unlook(engine.opened)
    else void engine.look(engine.opened)
  }

  #onStorage(event: StorageEvent): void {
    const session = this.session
    if (!session || event.key === null) return
    const parsed = session.shelf.parse(event.key)
    if (parsed?.kind === 'out') session.outbox.external(parsed.id)
    if (parsed?.kind === 'draft') session.engine.topics.touch('d:' + parsed.id, 'groups')
  }

  // ── What a person does ────────────────────────────────────────────────────

  #need(): Session {
    if (!this.session) throw CallError.offline()
    return this.session
  }

  send(group: string, text: string): void {
    const { engine, outbox, shelf } = this.#need()
    const body = outgoing(text)
    engine.topics.batch(() => {
      outbox.add(group, body, Date.now())
      shelf.remove('draft', group)
      engine.topics.touch('groups')
    })
    this.#typing = undefined
    if (engine.rooms.get(group)?.stretch?.moreAfter) void engine.loadNewest(group)
  }

  draft(group: string): string {
    return this.session?.shelf.read<string>('draft', group) ?? ''
  }

  setDraft(group: string, text: string): void {
    const session = this.session
    if (!session) return
    if (text.trim()) session.shelf.write('draft', group, text)
    else session.shelf.remove('draft', group)
  }

  typing(group: string): void {
    const now = Date.now()
    if (this.#typing?.group === group && now - this.#typing.at < TYPING_REPEAT_MS) return
    this.#typing = { group, at: now }
    this.#line.tell('typing', { group, on: true })
  }

  stopTyping(): void {
    if (!this.#typing) return
    this.#line.tell('typing', { group: this.#typing.group, on: false })
    this.#typing = undefined
  }

  async createGroup(group: { name: string; topic?: string; visibility: 'public' | 'private'; emoji?: string; hue?: number }, clientId: string): Promise<string> {
    const { engine } = this.#need()
    return engine.takeJoined(await this.#line.ask<{ group: Group; users: User[] }>('group:create', { ...group, client_id: clientId })).id
  }

  async join(by: { group: string } | { invite: string }): Promise<string> {
    const { engine } = this.#need()
    return engine.takeJoined(await this.#line.ask<{ group: Group; messages: Message[]; users: User[] }>('group:join', by)).id
  }

  async leave(group: string): Promise<void> {
    await this.#line.ask('group:leave', { group })
  }

  async invite(group: string): Promise<Invite> {
    return (await this.#line.ask<{ invite: Invite }>('group:invite', { group, link: true })).invite
  }

  async setGroup(group: string, settings: { notify?: Notify; pinned?: boolean }): Promise<void> {
    const answer = await this.#line.ask<{ group: Group }>('group:settings', { group, ...settings })
    this.#need().engine.takeMine(answer.group)
  }

  async rename(name: string): Promise<void> {
    const user = await api.rename(name)
    this.session?.engine.event('user', { user })
  }

  say(text: string): void {
    this.toast = { id: (this.#toasts += 1), text }
    this.topics.touch('toast')
  }

  hush(id: number): void {
    if (this.toast?.id !== id) return
    this.toast = undefined
    this.topics.touch('toast')
  }
}

export { newClientId }
export const client = new Client()
