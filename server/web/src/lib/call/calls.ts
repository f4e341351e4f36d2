// SPDX-License-Identifier: GPL-3.0-or-later
// The call that this page is in, and those that ring. Media goes from browser to browser; the server is asked for who is there
// and passes signals on. A line that breaks is taken up again by `resume`: media does not stop meanwhile.
import { CallError, toCallError } from '../errors'
import type { Topics } from '../topics'
import type { Call } from '../types'
import { Media } from './media'
import { Peer, readSignal, type Signal } from './peer'

export interface Line {
  ask<T>(event: string, argument: object): Promise<T>
  tell(event: string, argument: object): void
}

interface JoinAnswer {
  call: Call
  peer: string
  resume_token: string
  ice_servers: RTCIceServer[]
  relay_only?: boolean
}

interface PeerEvent {
  call: string
  peer: string
  user: string
  joined?: boolean
  left?: boolean
  audio?: boolean
  video?: boolean
  screen?: boolean
  hand?: boolean
}

export interface Ring {
  call: string
  group: string
  by: string
}

export interface Reaction {
  key: number
  peer: string
  emoji: string
}

/** What this page is in. */
export interface Current {
  readonly group: string
  id: string
  peer: string
  token: string
  startedAt: number
  startedBy: string
  readonly peers: Map<string, Peer>
  hand: boolean
  /** The line to the server is broken; media goes on. */
  adrift: boolean
}

const RING_MS = 45_000
const LEVEL_MS = 150
const REACTION_MS = 3_000
const EARLY_MS = 10_000

export class Calls {
  readonly media: Media
  current: Current | undefined
  joining: string | undefined
  rings: Ring[] = []
  reactions: Reaction[] = []
  /** Everybody's network address is hidden from the others: by the server's rule, or one's own. */
  alwaysRelay = false
  #line: Line
  #topics: Topics
  #me: () => string
  #servers: RTCIceServer[] = []
  #relayOnly = false
  #ringTimers = new Map<string, ReturnType<typeof setTimeout>>()
  #levels: ReturnType<typeof setInterval> | undefined
  #early: { from: string; signal: Signal; at: number }[] = []
  #reactionKey = 0

  constructor(line: Line, topics: Topics, me: () => string) {
    this.#line = line
    this.#topics = topics
    this.#me = me
    this.media = new Media({ changed: () => this.#mediaChanged(), sending: (kind, track) => this.#send(kind, track) })
  }

  #touch(): void {
    this.#topics.touch('call')
  }

  // ── Coming and going ──────────────────────────────────────────────────────

  /** The devices are open already: `media` has been asked for them. */
  async join(group: string): Promise<void> {
    if (this.current?.group === group || this.joining !== undefined) return
    this.#leave()
    this.joining = group
    this.#touch()
    try {
      const answer = await this.#line.ask<JoinAnswer>('call:join', { group, audio: this.media.audioOn, video: this.media.videoOn })
      this.#enter(group, answer)
    } catch (cause) {
      this.media.close()
      throw cause
    } finally {
      this.joining = undefined
      this.#touch()
    }
  }

  /** The ways that connections take from now on. */
  #setWays({ ice_servers, relay_only }: JoinAnswer): void {
    this.#servers = ice_servers
    this.#relayOnly = relay_only === true
  }

  #enter(group: string, answer: JoinAnswer): void {
    this.#setWays(answer)
    this.current = {
      group,
      id: answer.call.id,
      peer: answer.peer,
      token: answer.resume_token,
      startedAt: answer.call.started_at,
      startedBy: answer.call.started_by,
      peers: new Map(),
      hand: false,
      adrift: false,
    }
    this.#stopRing(answer.call.id)
    for (const each of answer.call.peers) this.#addPeer(each, true)
    this.#takeEarly()
    this.#levels ??= setInterval(() => this.#listen(), LEVEL_MS)
    this.#touch()
  }

  leave(): void {
    if (!this.current) return
    this.#leave()
    this.#end()
  }

  /** The devices stay open. */
  #leave(): void {
    if (!this.current) return
    this.#line.tell('call:leave', { call: this.current.id })
    this.#stop()
  }

  /** The connections to the others, and the call. */
  #drop(): void {
    for (const peer of this.current?.peers.values() ?? []) peer.close()
    this.current = undefined
  }

  #stop(): void {
    this.#drop()
    this.reactions = []
    this.#early = []
    clearInterval(this.#levels)
    this.#levels = undefined
  }

  #end(): void {
    this.#stop()
    this.media.close()
    this.#touch()
  }

  /** The line is there again, and synced. */
  async online(): Promise<void> {
    const { current } = this
    if (!current?.adrift) return
    const { audio, video } = { audio: this.media.audioOn, video: this.media.videoOn }
    try {
      const answer = await this.#line.ask<JoinAnswer>('call:join', {
        group: current.group, audio, video, resume: { call: current.id, peer: current.peer, token: current.token },
      })
      if (this.current !== current) return
      current.adrift = false
      current.token = answer.resume_token
      this.#setWays(answer)
      for (const each of answer.call.peers) this.#addPeer(each, false)
      this.#tellMedia()
    } catch (cause) {
      const error = toCallError(cause)
      if (this.current !== current || error.code === 'offline' || error.passing) return
      // The place is gone: what runs between the browsers is of the old one.
      const { group } = current
      this.#drop()
      try {
        this.#enter(group, await this.#line.ask<JoinAnswer>('call:join', { group, audio, video }))
      } catch {
        this.#end()
      }
    }
    this.#touch()
  }

  offline(): void {
    if (this.current) this.current.adrift = true
    this.#touch()
  }

  /** Signed out. */
  close(): void {
    this.#end()
    for (const timer of this.#ringTimers.values()) clearTimeout(timer)
    this.#ringTimers.clear()
    this.rings = []
  }

  // ── Peers ─────────────────────────────────────────────────────────────────

  #addPeer(each: { peer: string; user: string; audio?: boolean; video?: boolean; screen?: boolean; hand?: boolean }, offers: boolean): Peer {
    const current = this.current!
    let peer = current.peers.get(each.peer)
    const isNew = peer === undefined
    peer ??= new Peer(each.peer, each.user, {
      send: (data) => this.#line.tell('call:signal', { call: current.id, to: each.peer, data }),
      changed: () => this.#touch(),
      tracks: () => ({ audio: this.media.audioTrack, video: this.media.videoTrack }),
      config: () => ({ iceServers: this.#servers, bundlePolicy: 'max-bundle', iceTransportPolicy: this.#relayOnly || this.alwaysRelay ? 'relay' : 'all' }),
    })
    Object.assign(peer, { audio: each.audio ?? peer.audio, video: each.video ?? peer.video, screen: each.screen ?? peer.screen, hand: each.hand ?? peer.hand })
    if (isNew) {
      current.peers.set(each.peer, peer)
      if (offers) peer.offer()
    }
    return peer
  }

  #take(from: string, signal: Signal): boolean {
    const peer = this.current?.peers.get(from)
    peer?.take(signal)
    return peer !== undefined
  }

  /** What came before who sent it was known. */
  #takeEarly(): void {
    this.#early = this.#early.filter(({ from, signal }) => !this.#take(from, signal))
  }

  event(name: string, argument: unknown): void {
    if (name === 'call:peer') this.#onPeer(argument as PeerEvent)
    else if (name === 'call:signal') this.#onSignal(argument as { call: string; from: string; data: unknown })
    else if (name === 'call:react') this.#onReact(argument as { call: string; peer: string; emoji: string })
    else if (name === 'call:ring') this.#onRing(argument as Ring)
    else if (name === 'call:declined') this.#onDeclined(argument as { call: string; user: string })
    else if (name === 'call') this.#onCall(argument as { group: string; call: Call | null })
  }

  #onPeer(event: PeerEvent): void {
    const { current } = this
    if (!current || event.call !== current.id || event.peer === current.peer) return
    if (event.left) {
      current.peers.get(event.peer)?.close()
      current.peers.delete(event.peer)
    } else {
      this.#addPeer(event, false)
      this.#takeEarly()
    }
    this.#touch()
  }

  #onSignal({ call, from, data }: { call: string; from: string; data: unknown }): void {
    const signal = readSignal(data)
    if (!signal || (this.current ? call !== this.current.id : this.joining === undefined)) return
    if (this.#take(from, signal)) return
    // It may come before who sends it is known.
    const now = Date.now()
    this.#early = [...this.#early.filter(({ at }) => now - at < EARLY_MS).slice(-255), { from, signal, at: now }]
  }

  #onCall({ group, call }: { group: string; call: Call | null }): void {
    for (const ring of this.rings)
      if (ring.group === group && (!call || call.id !== ring.call || call.peers.some(({ user }) => user === this.#me()))) this.#stopRing(ring.call)
    const { current } = this
    if (!current || current.group !== group || current.adrift) return
    // Two calls that began at once have become one: the other.
    if (call && call.id !== current.id) {
      this.#drop()
      void this.join(group).catch(() => this.#end())
    }
  }

  // ── Ringing ───────────────────────────────────────────────────────────────

  #onRing({ call, group, by }: Ring): void {
    if (this.current?.id === call || this.rings.some((ring) => ring.call === call)) return
    this.rings = [...this.rings, { call, group, by }]
    this.#ringTimers.set(call, setTimeout(() => this.#stopRing(call), RING_MS))
    this.#touch()
  }

  #stopRing(call: string): void {
    clearTimeout(this.#ringTimers.get(call))
    this.#ringTimers.delete(call)
    const rest = this.rings.filter((ring) => ring.call !== call)
    if (rest.length === this.rings.length) return
    this.rings = rest
    this.#touch()
  }

  #onDeclined({ call, user }: { call: string; user: string }): void {
    if (user === this.#me()) this.#stopRing(call)
  }

  decline(call: string): void {
    this.#line.tell('call:decline', { call })
    this.#stopRing(call)
  }

  async ring(users?: string[]): Promise<void> {
    if (!this.current) throw CallError.offline()
    await this.#line.ask('call:ring', { call: this.current.id, ...(users ? { users } : {}) })
  }

  // ── What one sends ────────────────────────────────────────────────────────

  #send(kind: 'audio' | 'video', track: MediaStreamTrack | null): void {
    for (const peer of this.current?.peers.values() ?? []) peer.send(kind, track)
  }

  #mediaChanged(): void {
    this.#tellMedia()
    this.#touch()
  }

  #tellMedia(): void {
    const { current, media } = this
    if (!current || current.adrift) return
    this.#line.tell('call:media', { call: current.id, audio: media.audioOn, video: media.videoOn || media.screenOn, screen: media.screenOn, hand: current.hand })
  }

  raiseHand(hand: boolean): void {
    if (!this.current) return
    this.current.hand = hand
    this.#mediaChanged()
  }

  react(emoji: string): void {
    const { current } = this
    if (!current) return
    this.#line.tell('call:react', { call: current.id, emoji })
    this.#showReaction(current.peer, emoji)
  }

  #onReact({ call, peer, emoji }: { call: string; peer: string; emoji: string }): void {
    if (call === this.current?.id) this.#showReaction(peer, emoji)
  }

  #showReaction(peer: string, emoji: string): void {
    const key = (this.#reactionKey += 1)
    this.reactions = [...this.reactions.slice(-9), { key, peer, emoji }]
    setTimeout(() => {
      this.reactions = this.reactions.filter((each) => each.key !== key)
      this.#touch()
    }, REACTION_MS)
    this.#touch()
  }

  // ── Who speaks ────────────────────────────────────────────────────────────

  #listen(): void {
    const now = Date.now()
    let changed = false
    for (const peer of this.current?.peers.values() ?? []) if (peer.listen(now)) changed = true
    if (this.media.listen(now)) changed = true
    if (changed) this.#touch()
  }
}
