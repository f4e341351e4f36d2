// SPDX-License-Identifier: GPL-3.0-or-later
// Messages on their way out. Each is on the shelf from the key press until it
// is known to be stored; it goes out again after a reload or a reconnect, and
// its client_id makes that once. In a group they leave one after the other.
import type { CallError } from './errors'
import { toCallError } from './errors'
import { newClientId, type Shelf } from './shelf'
import type { Message } from './types'

export interface Pending {
  readonly client_id: string
  readonly group: string
  readonly body: string
  readonly at: number
  readonly failed?: { code: string; message: string }
  /** Acknowledged, but its place in the stretch is not yet known. */
  readonly stored?: Message
}

export interface OutboxHooks {
  send(pending: Pending): Promise<Message>
  /** The answer of the server; returns whether the message has found its place. */
  stored(message: Message): boolean
  changed(group: string): void
  /** See held. */
  heldChanged(): void
  unauthorized(): void
}

const KIND = 'out'
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000

export class Outbox {
  readonly #hooks: OutboxHooks
  readonly #shelf: Shelf
  readonly #items = new Map<string, Pending>()
  readonly #busy = new Set<string>()
  /** Groups whose next try waits, and how to end the wait. */
  readonly #pauses = new Map<string, () => void>()
  #online = false
  /** The server is there, but could store nothing when a message was last sent. */
  held = false

  constructor(shelf: Shelf, hooks: OutboxHooks) {
    this.#shelf = shelf
    this.#hooks = hooks
    for (const id of shelf.ids(KIND)) this.#take(id)
  }

  of(group: string): Pending[] {
    return [...this.#items.values()].filter((item) => item.group === group).sort((a, b) => a.at - b.at)
  }

  get size(): number {
    return this.#items.size
  }

  add(group: string, body: string, now: number): Pending {
    // Two in one millisecond keep their order.
    const latest = Math.max(0, ...this.of(group).map((item) => item.at))
    const item: Pending = { client_id: newClientId(), group, body, at: Math.max(now, latest + 1) }
    this.#put(item)
    this.#pump(group)
    return item
  }

  retry(client_id: string): void {
    const item = this.#items.get(client_id)
    if (!item?.failed) return
    this.#put({ ...item, failed: undefined })
    this.#pump(item.group)
  }

  discard(client_id: string): void {
    const item = this.#items.get(client_id)
    if (item) this.#drop(item)
  }

  /** The message came back as an event or in an answer: it is stored and has its place. */
  settle(client_id: string): void {
    const item = this.#items.get(client_id)
    if (item) this.#drop(item)
  }

  /** Synced: all that waits goes out. */
  online(): void {
    this.#online = true
    for (const group of new Set([...this.#items.values()].map((item) => item.group))) {
      this.#resume(group)
      this.#pump(group)
    }
  }

  offline(): void {
    this.#online = false
    this.#setHeld(false)
  }

  /** What another tab put there or took away. */
  external(client_id: string): void {
    const known = this.#items.get(client_id)
    if (this.#shelf.read(KIND, client_id)) {
      this.#take(client_id)
    } else if (known && !known.stored) {
      this.#items.delete(client_id)
    }
    const group = this.#items.get(client_id)?.group ?? known?.group
    if (group) this.#hooks.changed(group)
  }

  close(): void {
    this.#online = false
    for (const group of [...this.#pauses.keys()]) this.#resume(group)
    this.#items.clear()
  }

  dropGroup(group: string): void {
    for (const item of this.of(group)) this.#drop(item)
  }

  #take(client_id: string): void {
    const item = this.#shelf.read<Pending>(KIND, client_id)
    if (item && typeof item.group === 'string' && typeof item.body === 'string') this.#items.set(client_id, { ...item, client_id })
  }

  #put(item: Pending): void {
    this.#items.set(item.client_id, item)
    this.#shelf.write(KIND, item.client_id, item)
    this.#hooks.changed(item.group)
  }

  #drop(item: Pending): void {
    this.#items.delete(item.client_id)
    this.#shelf.remove(KIND, item.client_id)
    this.#hooks.changed(item.group)
  }

  #resume(group: string): void {
    this.#pauses.get(group)?.()
  }

  async #pump(group: string): Promise<void> {
    if (this.#busy.has(group)) return
    this.#busy.add(group)
    let pause = FIRST_PAUSE_MS
    try {
      while (this.#online) {
        const next = this.of(group).find((item) => !item.failed && !item.stored)
        if (!next) return
        const error = await this.#deliver(next)
        this.#setHeld(this.#online && error?.code === 'unavailable')
        if (!error) {
          pause = FIRST_PAUSE_MS
          continue
        }
        if (error.code === 'offline' && !this.#online) return
        const ms = error.retryAfterMs ?? pause
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
        await this.#pause(group, ms)
      }
    } finally {
      this.#busy.delete(group)
    }
  }

  #setHeld(held: boolean): void {
    if (this.held === held) return
    this.held = held
    this.#hooks.heldChanged()
  }

  #pause(group: string, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer)
        this.#pauses.delete(group)
        resolve()
      }
      const timer = setTimeout(end, ms)
      this.#pauses.set(group, end)
    })
  }

  /** Undefined: it is out of the way, stored or failed for good. */
  async #deliver(item: Pending): Promise<CallError | undefined> {
    let message: Message
    try {
      message = await this.#hooks.send(item)
    } catch (cause) {
      const error = toCallError(cause)
      if (error.code === 'unauthorized') {
        this.#online = false
        this.#hooks.unauthorized()
        return undefined
      }
      if (error.passing) return error
      // Taken away meanwhile: nothing is left to fail.
      if (this.#items.has(item.client_id)) this.#put({ ...item, failed: { code: error.code, message: error.message } })
      return undefined
    }
    if (this.#hooks.stored(message)) {
      this.settle(item.client_id)
    } else if (this.#items.has(item.client_id)) {
      this.#items.set(item.client_id, { ...item, stored: message })
      this.#shelf.remove(KIND, item.client_id)
      this.#hooks.changed(item.group)
    }
    return undefined
  }
}
