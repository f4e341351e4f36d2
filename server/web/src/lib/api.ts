// SPDX-License-Identifier: GPL-3.0-or-later
// REST under /api/v1. The session is a cookie that no script can read.
import { CallError } from './errors'
import type { Group, InvitePreview, ServerInfo, User, WireError } from './types'

async function rest<T>(method: string, path: string, body?: unknown): Promise<T> {
  let response: Response
  try {
    response = await fetch('/api/v1/' + path, {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
  } catch {
    throw CallError.offline()
  }
  if (response.status === 204) return undefined as T
  let answer: unknown
  try {
    answer = await response.json()
  } catch {
    // Not ours: a proxy's page, or a server that is not Klatch.
    throw new CallError({ code: response.status >= 500 ? 'unavailable' : 'internal', message: response.statusText })
  }
  if (!response.ok) {
    const error = (answer as { error?: WireError }).error
    throw new CallError(error ?? { code: 'internal', message: response.statusText })
  }
  return answer as T
}

export interface Credentials {
  name: string
  password: string
}

export interface Registration extends Credentials {
  display_name?: string
  invite?: string
}

export const api = {
  server: () => rest<ServerInfo>('GET', 'server'),
  me: () => rest<{ user: User }>('GET', 'me').then((answer) => answer.user),
  signIn: (who: Credentials, device: string) =>
    rest<{ user: User }>('POST', 'sessions', { ...who, device, cookie: true }).then((answer) => answer.user),
  register: (who: Registration, device: string) =>
    rest<{ user: User }>('POST', 'users', { ...who, device, cookie: true }).then((answer) => answer.user),
  signOut: () => rest<void>('DELETE', 'sessions/current'),
  rename: (display_name: string) => rest<{ user: User }>('PATCH', 'me', { display_name }).then((answer) => answer.user),
  invite: (code: string) => rest<InvitePreview>('GET', 'invites/' + encodeURIComponent(code)),
  directory: (query: string, after?: string) => {
    const params = new URLSearchParams({ limit: '60' })
    if (query) params.set('query', query)
    if (after) params.set('after', after)
    return rest<{ groups: Group[]; next?: string }>('GET', 'groups?' + params.toString())
  },
}
