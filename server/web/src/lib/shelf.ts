// SPDX-License-Identifier: GPL-3.0-or-later
// What outlives a reload: unsent messages and drafts, a key each, so that tabs
// never overwrite each other's. All of a person's goes when they sign out.

const ROOT = 'klatch:'

export interface Box {
  get(key: string): string | undefined
  set(key: string, value: string): void
  delete(key: string): void
  keys(): string[]
}

export class MemoryBox implements Box {
  readonly #map = new Map<string, string>()
  get(key: string): string | undefined {
    return this.#map.get(key)
  }
  set(key: string, value: string): void {
    this.#map.set(key, value)
  }
  delete(key: string): void {
    this.#map.delete(key)
  }
  keys(): string[] {
    return [...this.#map.keys()]
  }
}

/** localStorage; where it is full or forbidden, the rest of this visit's memory. */
export class LocalBox implements Box {
  readonly #spare = new MemoryBox()
  get(key: string): string | undefined {
    try {
      return localStorage.getItem(key) ?? this.#spare.get(key)
    } catch {
      return this.#spare.get(key)
    }
  }
  set(key: string, value: string): void {
    try {
      localStorage.setItem(key, value)
      this.#spare.delete(key)
    } catch {
      this.#spare.set(key, value)
    }
  }
  delete(key: string): void {
    this.#spare.delete(key)
    try {
      localStorage.removeItem(key)
    } catch {
      // Nothing was kept there.
    }
  }
  keys(): string[] {
    try {
      return [...Object.keys(localStorage), ...this.#spare.keys()]
    } catch {
      return this.#spare.keys()
    }
  }
}

export class Shelf {
  readonly #box: Box
  readonly #prefix: string

  constructor(box: Box, user: string) {
    this.#box = box
    this.#prefix = ROOT + 'user:' + user + ':'
  }

  read<T>(kind: string, id: string): T | undefined {
    const text = this.#box.get(this.#prefix + kind + ':' + id)
    if (text === undefined) return undefined
    try {
      return JSON.parse(text) as T
    } catch {
      return undefined
    }
  }

  write(kind: string, id: string, value: unknown): void {
    this.#box.set(this.#prefix + kind + ':' + id, JSON.stringify(value))
  }

  remove(kind: string, id: string): void {
    this.#box.delete(this.#prefix + kind + ':' + id)
  }

  ids(kind: string): string[] {
    const start = this.#prefix + kind + ':'
    return this.#box.keys().filter((key) => key.startsWith(start)).map((key) => key.slice(start.length))
  }

  /** Splits a storage event's key; undefined: not of this person. */
  parse(key: string): { kind: string; id: string } | undefined {
    if (!key.startsWith(this.#prefix)) return undefined
    const rest = key.slice(this.#prefix.length)
    const colon = rest.indexOf(':')
    return { kind: rest.slice(0, colon), id: rest.slice(colon + 1) }
  }
}

/** Nothing of any person stays in this browser. */
export function forgetPeople(box: Box): void {
  for (const key of box.keys()) if (key.startsWith(ROOT + 'user:')) box.delete(key)
}

export function newClientId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
