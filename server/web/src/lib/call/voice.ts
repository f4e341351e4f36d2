// SPDX-License-Identifier: GPL-3.0-or-later

const LOUD_FOR_MS = 600

/** Whether somebody speaks: whose sound is louder than `loud`, or was a moment ago. */
export class Voice {
  speaking = false
  readonly #loud: number
  #loudAt = 0

  constructor(loud: number) {
    this.#loud = loud
  }

  /** True where that has changed. */
  listen(level: number, now: number): boolean {
    if (level > this.#loud) this.#loudAt = now
    const speaking = now - this.#loudAt < LOUD_FOR_MS
    const changed = speaking !== this.speaking
    this.speaking = speaking
    return changed
  }
}
