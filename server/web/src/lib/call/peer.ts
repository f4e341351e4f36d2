// SPDX-License-Identifier: GPL-3.0-or-later
// Somebody else in the call: one connection at a time, under a session that the offerer makes up. What comes for another
// session is of one that is over, or of one whose offer is still on its way. Only the offerer makes a connection anew; the
// other side asks for it. The desktop client does the same (app/call).

import { Voice } from './voice'

export type PeerState = 'connecting' | 'connected' | 'reconnecting'

export interface Signal {
  session: string
  sdp?: { type: 'offer' | 'answer'; sdp: string }
  candidate?: { candidate: string; sdpMid: string | null; sdpMLineIndex: number | null } | null
  renew?: boolean
}

export interface PeerHooks {
  send(signal: Signal): void
  changed(): void
  tracks(): { audio: MediaStreamTrack | null; video: MediaStreamTrack | null }
  config(): RTCConfiguration
}

const CONNECT_MS = 12_000
const BROKEN_MS = 5_000
const RENEW_MIN_MS = 1_000
const RENEW_MAX_MS = 15_000
const ASK_AGAIN_MS = 5_000
const MAX_RETIRED = 16
const MAX_EARLY = 64
const LOUD = 0.02

export function newSession(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(13)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Undefined for whatever is no signal of ours. */
export function readSignal(data: unknown): Signal | undefined {
  if (typeof data !== 'object' || data === null) return undefined
  const signal = data as Signal
  if (typeof signal.session !== 'string' || signal.session === '') return undefined
  const { sdp, candidate } = signal
  if (sdp !== undefined) return typeof sdp === 'object' && sdp !== null && (sdp.type === 'offer' || sdp.type === 'answer') && typeof sdp.sdp === 'string' ? signal : undefined
  if (candidate !== undefined) return candidate === null || (typeof candidate === 'object' && typeof candidate.candidate === 'string') ? signal : undefined
  return signal.renew === true ? signal : undefined
}

export class Peer {
  readonly id: string
  readonly user: string
  readonly stream = new MediaStream()
  state: PeerState = 'connecting'
  audio = false
  video = false
  screen = false
  hand = false
  readonly #voice = new Voice(LOUD)
  #hooks: PeerHooks
  #pc: RTCPeerConnection | undefined
  #session = ''
  #offerer = false
  #lastOffer = ''
  #retired: string[] = []
  #early: Signal[] = []
  #failures = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #gone = false
  #work: Promise<void> = Promise.resolve()

  constructor(id: string, user: string, hooks: PeerHooks) {
    this.id = id
    this.user = user
    this.#hooks = hooks
  }

  /** We came later: the offer is ours. */
  offer(): void {
    this.#offerer = true
    this.#open(newSession())
    const pc = this.#pc!
    const { audio, video } = this.#hooks.tracks()
    for (const [kind, track] of [['audio', audio], ['video', video]] as const) {
      const { sender } = pc.addTransceiver(kind, { direction: 'sendrecv' })
      if (track) void sender.replaceTrack(track)
    }
    this.#do(pc, async () => {
      await pc.setLocalDescription()
      this.#hooks.send({ session: this.#session, sdp: { type: 'offer', sdp: pc.localDescription!.sdp } })
    })
  }

  take(signal: Signal): void {
    if (this.#gone) return
    const current = this.#pc !== undefined && signal.session === this.#session
    if (signal.sdp?.type === 'offer') this.#takeOffer(signal, current)
    else if (signal.sdp) {
      if (!current) return
      const pc = this.#pc!
      const { sdp } = signal.sdp
      this.#do(pc, async () => {
        if (pc.signalingState === 'have-local-offer') await pc.setRemoteDescription({ type: 'answer', sdp })
      })
    } else if (signal.candidate !== undefined) {
      if (current) this.#takeCandidate(this.#pc!, signal)
      else if (!this.#retired.includes(signal.session)) this.#early = [...this.#early.slice(1 - MAX_EARLY), signal]
    } else if (signal.renew && this.#offerer && (current || this.#pc === undefined)) this.renew()
  }

  #takeOffer(signal: Signal, current: boolean): void {
    const { sdp } = signal.sdp!
    if (this.#retired.includes(signal.session) || (current && sdp === this.#lastOffer)) return
    // Ours is under way; they will answer it.
    if (this.#pc && this.#offerer && this.state !== 'connected') return
    if (!current) {
      if (this.state === 'connected') this.#set('reconnecting')
      this.#offerer = false
      this.#open(signal.session)
    }
    this.#lastOffer = sdp
    const pc = this.#pc!
    this.#do(pc, async () => {
      await pc.setRemoteDescription({ type: 'offer', sdp })
      const { audio, video } = this.#hooks.tracks()
      for (const transceiver of pc.getTransceivers()) {
        const kind = transceiver.receiver.track.kind
        transceiver.direction = 'sendrecv'
        await transceiver.sender.replaceTrack(kind === 'audio' ? audio : video)
      }
      await pc.setLocalDescription()
      this.#hooks.send({ session: this.#session, sdp: { type: 'answer', sdp: pc.localDescription!.sdp } })
    })
    const early = this.#early
    this.#early = []
    for (const one of early) if (one.session === this.#session) this.#takeCandidate(pc, one)
  }

  /** A bad one is skipped: there are others. Those that come before the description wait behind it. */
  #takeCandidate(pc: RTCPeerConnection, signal: Signal): void {
    const { candidate } = signal
    if (!candidate || candidate.candidate === '') return
    this.#do(pc, async () => {
      await pc.addIceCandidate(candidate).catch(() => undefined)
    })
  }

  /** One after the other; what fails ends the connection. */
  #do(pc: RTCPeerConnection, work: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (pc !== this.#pc) return
      try {
        await work()
      } catch {
        if (pc === this.#pc) this.renew()
      }
    })
  }

  #open(session: string): void {
    this.#retire()
    clearTimeout(this.#timer)
    const pc = new RTCPeerConnection(this.#hooks.config())
    this.#pc = pc
    this.#session = session
    pc.onicecandidate = ({ candidate }) => {
      if (pc !== this.#pc) return
      this.#hooks.send({ session, candidate: candidate ? { candidate: candidate.candidate, sdpMid: candidate.sdpMid, sdpMLineIndex: candidate.sdpMLineIndex } : null })
    }
    pc.ontrack = ({ track }) => {
      if (pc !== this.#pc) return
      for (const old of this.stream.getTracks()) if (old.kind === track.kind) this.stream.removeTrack(old)
      this.stream.addTrack(track)
      this.#hooks.changed()
    }
    pc.onconnectionstatechange = () => {
      if (pc !== this.#pc) return
      clearTimeout(this.#timer)
      if (pc.connectionState === 'connected') {
        this.#failures = 0
        this.#set('connected')
      } else if (pc.connectionState === 'failed') this.renew()
      else if (pc.connectionState === 'disconnected') this.#timer = setTimeout(() => this.renew(), BROKEN_MS)
      else this.#timer = setTimeout(() => this.renew(), CONNECT_MS)
    }
    this.#timer = setTimeout(() => this.renew(), CONNECT_MS)
  }

  /** The connection is of no use any more. */
  renew(): void {
    if (this.#gone) return
    this.#retire()
    if (this.state === 'connected') this.#set('reconnecting')
    let wait = this.#failures > 0 ? Math.min(RENEW_MIN_MS * 2 ** Math.min(this.#failures - 1, 8), RENEW_MAX_MS) : 0
    this.#failures += 1
    clearTimeout(this.#timer)
    if (!this.#offerer) {
      this.#askRenewal()
      wait = ASK_AGAIN_MS
    }
    this.#timer = setTimeout(() => this.#again(), wait)
  }

  #again(): void {
    if (this.#offerer) {
      this.offer()
      return
    }
    this.#askRenewal()
    this.#timer = setTimeout(() => this.#again(), ASK_AGAIN_MS)
  }

  #askRenewal(): void {
    this.#hooks.send({ session: this.#retired.at(-1) ?? 'none', renew: true })
  }

  #retire(): void {
    const pc = this.#pc
    if (!pc) return
    this.#pc = undefined
    this.#lastOffer = ''
    this.#retired = [...this.#retired.slice(1 - MAX_RETIRED), this.#session]
    pc.onicecandidate = pc.ontrack = pc.onconnectionstatechange = null
    pc.close()
  }

  #set(state: PeerState): void {
    if (this.state === state) return
    this.state = state
    this.#hooks.changed()
  }

  /** Another camera, the screen, or nothing: on the line that is there. */
  send(kind: 'audio' | 'video', track: MediaStreamTrack | null): void {
    for (const transceiver of this.#pc?.getTransceivers() ?? [])
      if (transceiver.receiver.track.kind === kind) void transceiver.sender.replaceTrack(track).catch(() => undefined)
  }

  /** 0 to 1. */
  get level(): number {
    if (!this.audio) return 0
    for (const receiver of this.#pc?.getReceivers() ?? [])
      if (receiver.track.kind === 'audio') return receiver.getSynchronizationSources()[0]?.audioLevel ?? 0
    return 0
  }

  get speaking(): boolean {
    return this.#voice.speaking
  }

  listen(now: number): boolean {
    return this.#voice.listen(this.level, now)
  }

  stats(): Promise<RTCStatsReport | undefined> {
    return this.#pc ? this.#pc.getStats() : Promise.resolve(undefined)
  }

  close(): void {
    this.#gone = true
    clearTimeout(this.#timer)
    this.#retire()
  }
}
