// SPDX-License-Identifier: GPL-3.0-or-later
import type { WireError } from './types'

/** What a call came back with when it did not succeed. `offline`: it never reached the server, or no answer came. */
export class CallError extends Error {
  readonly code: string
  readonly field: string | undefined
  readonly retryAfterMs: number | undefined

  constructor(error: WireError) {
    super(error.message)
    this.name = 'CallError'
    this.code = error.code
    this.field = error.field
    this.retryAfterMs = error.retry_after_ms
  }

  static offline(): CallError {
    return new CallError({ code: 'offline', message: 'No connection' })
  }

  /** Worth trying again by itself: the fault is in the moment, not in what was asked. */
  get passing(): boolean {
    return ['offline', 'unavailable', 'rate_limited', 'internal'].includes(this.code)
  }
}

export function toCallError(cause: unknown): CallError {
  return cause instanceof CallError ? cause : CallError.offline()
}
