// SPDX-License-Identifier: GPL-3.0-or-later
/** Tells subscribers by topic that something changed; React reads `version` as its snapshot. */
export class Topics {
  readonly #versions = new Map<string, number>()
  readonly #listeners = new Map<string, Set<() => void>>()
  #depth = 0
  #dirty = new Set<string>()

  touch(...topics: string[]): void {
    for (const topic of topics) {
      this.#versions.set(topic, this.version(topic) + 1)
      this.#dirty.add(topic)
    }
    if (this.#depth === 0) this.#flush()
  }

  /** Listeners hear once of all that `work` touches. */
  batch<T>(work: () => T): T {
    this.#depth += 1
    try {
      return work()
    } finally {
      this.#depth -= 1
      if (this.#depth === 0) this.#flush()
    }
  }

  version(topic: string): number {
    return this.#versions.get(topic) ?? 0
  }

  subscribe(topics: readonly string[], listener: () => void): () => void {
    for (const topic of topics) {
      let set = this.#listeners.get(topic)
      if (!set) this.#listeners.set(topic, (set = new Set()))
      set.add(listener)
    }
    return () => {
      for (const topic of topics) this.#listeners.get(topic)?.delete(listener)
    }
  }

  #flush(): void {
    const dirty = this.#dirty
    this.#dirty = new Set()
    const listeners = new Set<() => void>()
    for (const topic of dirty) for (const listener of this.#listeners.get(topic) ?? []) listeners.add(listener)
    for (const listener of listeners) listener()
  }
}
