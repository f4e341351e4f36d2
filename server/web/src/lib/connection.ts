// SPDX-License-Identifier: GPL-3.0-or-later
// The line to the server: the official client, with our own patience. It tries
// again by itself, jittered; at once when the network returns or the tab is shown.
import { io, type Socket } from 'socket.io-client'
import { CallError } from './errors'
import type { Notice, WireError } from './types'

export interface ConnectionHooks {
  /** CONNECT was accepted: time to sync. */
  up(): void
  down(retryAt: number | undefined): void
  event(name: string, argument: unknown): void
  /** The session is not good any more, as far as the socket can tell. */
  refused(): void
}

const ANSWER_MS = 15_000
const PROBE_MS = 4_000
const CONNECT_MS = 6_000
const FIRST_DELAY_MS = 300
const LONGEST_DELAY_MS = 3_000

type Answer = { ok: true } | { ok: false; error: WireError }

/** Between half and one and a half of a delay that doubles. */
export function backoff(attempt: number, random: number): number {
  return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt) * (0.5 + random)
}

export class Connection {
  readonly #hooks: ConnectionHooks
  readonly #socket: Socket
  #timer: ReturnType<typeof setTimeout> | undefined
  #attempt = 0
  #wanted = false
  #shutdownMs: number | undefined

  constructor(hooks: ConnectionHooks) {
    this.#hooks = hooks
    this.#socket = io({
      autoConnect: false,
      reconnection: false,
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
      timeout: CONNECT_MS,
    })
    this.#socket.on('connect', () => {
      this.#attempt = 0
      this.#socket.io.opts.transports = ['websocket', 'polling']
      this.#shutdownMs = undefined
      this.#hooks.up()
    })
    this.#socket.on('connect_error', (error: Error & { data?: { code?: string } }) => {
      if (error.data?.code === 'unauthorized') {
        this.#socket.disconnect()
        this.#hooks.refused()
      }
      this.#later()
    })
    this.#socket.on('disconnect', () => this.#later())
    this.#socket.onAny((name: string, argument: unknown, acknowledge?: unknown) => {
      if (name === 'notice') this.#notice(argument as Notice)
      this.#hooks.event(name, argument)
      if (typeof acknowledge === 'function') acknowledge({ ok: true })
    })
  }

  get connected(): boolean {
    return this.#socket.connected
  }

  start(): void {
    this.#wanted = true
    this.retryNow()
  }

  stop(): void {
    this.#wanted = false
    clearTimeout(this.#timer)
    this.#socket.disconnect()
  }

  retryNow(): void {
    if (!this.#wanted || this.#socket.connected) return
    clearTimeout(this.#timer)
    this.#socket.connect()
    // A line that closes before it is open is told to nobody; without this one waits for the time-out.
    const manager = this.#socket.io
    manager.engine.once('close', () => {
      queueMicrotask(() => {
        if (manager._readyState !== 'opening') return
        this.#socket.disconnect()
        this.#later()
      })
    })
  }

  /** The line may be dead without having said so: ask, and start anew where no answer comes. */
  probe(): void {
    if (!this.#socket.connected) {
      this.retryNow()
      return
    }
    this.#socket.timeout(PROBE_MS).emit('users', { ids: [] }, (error: Error | null) => {
      if (error && this.#wanted && this.#socket.connected) {
        // Without a good-bye, upon which the server would end this device's part in a call at once.
        this.#socket.io.engine.close()
        this.retryNow()
      }
    })
  }

  async ask<T>(event: string, argument: object): Promise<T> {
    if (!this.#socket.connected) throw CallError.offline()
    let answer: Answer
    try {
      answer = (await this.#socket.timeout(ANSWER_MS).emitWithAck(event, argument)) as Answer
    } catch {
      throw CallError.offline()
    }
    if (!answer.ok) throw new CallError(answer.error)
    return answer as T
  }

  /** Where no answer is of interest. */
  tell(event: string, argument: object): void {
    if (this.#socket.connected) this.#socket.emit(event, argument)
  }

  #notice(notice: Notice): void {
    if (notice.code === 'shutdown') this.#shutdownMs = Math.random() * (notice.retry_after_ms ?? 1_000)
  }

  #later(): void {
    clearTimeout(this.#timer)
    if (!this.#wanted) {
      this.#hooks.down(undefined)
      return
    }
    const delay = this.#shutdownMs ?? backoff(this.#attempt, Math.random())
    this.#shutdownMs = undefined
    this.#attempt += 1
    // Something on the way may swallow WebSockets without a word: every other try begins with polling.
    this.#socket.io.opts.transports = this.#attempt % 2 === 0 ? ['websocket', 'polling'] : ['polling', 'websocket']
    this.#timer = setTimeout(() => this.retryNow(), delay)
    this.#hooks.down(Date.now() + delay)
  }
}
