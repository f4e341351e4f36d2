// SPDX-License-Identifier: GPL-3.0-or-later
// Addresses of the page: / , /#find , /g/GROUP[/SEQ] , /i/CODE.
import { Topics } from './topics'

export type Route = { at: 'home' } | { at: 'find' } | { at: 'group'; id: string; seq: number | undefined } | { at: 'invite'; code: string }

export function parseRoute(path: string, hash: string): Route {
  const [, first, second, third] = path.split('/')
  try {
    if (first === 'g' && second) {
      const seq = third && /^\d{1,15}$/.test(third) ? Number(third) : undefined
      return { at: 'group', id: decodeURIComponent(second), seq }
    }
    if (first === 'i' && second) return { at: 'invite', code: decodeURIComponent(second) }
  } catch {
    // Not our address: the list.
  }
  return hash === '#find' ? { at: 'find' } : { at: 'home' }
}

export function pathOf(route: Route): string {
  switch (route.at) {
    case 'home':
      return '/'
    case 'find':
      return '/#find'
    case 'group':
      return '/g/' + encodeURIComponent(route.id) + (route.seq ? '/' + route.seq : '')
    case 'invite':
      return '/i/' + encodeURIComponent(route.code)
  }
}

/** The code in whatever a person pastes: a link of either form, or the code itself. */
export function inviteCode(text: string): string | undefined {
  const trimmed = text.trim()
  const link = /(?:^|\/)i\/([^/?#\s]+)/.exec(trimmed)
  const code = link ? link[1]! : trimmed
  return /^[A-Za-z0-9_-]{4,64}$/.test(code) ? code : undefined
}

class Router {
  readonly topics = new Topics()
  route: Route = { at: 'home' }
  /** Pages of ours that the back button still leads to. */
  readonly #before: Route[] = []

  start(): void {
    this.route = parseRoute(location.pathname, location.hash)
    addEventListener('popstate', () => {
      this.#before.pop()
      this.route = parseRoute(location.pathname, location.hash)
      this.topics.touch('route')
    })
  }

  go(route: Route, replace = false): void {
    const path = pathOf(route)
    if (replace) {
      history.replaceState(null, '', path)
    } else if (path !== pathOf(this.route)) {
      history.pushState(null, '', path)
      this.#before.push(this.route)
    }
    this.route = route
    this.topics.touch('route')
  }

  /** To where one came from if that was ours, else to the list. */
  back(): void {
    if (this.#before.length > 0) history.back()
    else this.go({ at: 'home' }, true)
  }

  /** To the list, whichever way one came. */
  up(): void {
    if (this.#before.at(-1)?.at === 'home') history.back()
    else this.go({ at: 'home' }, true)
  }
}

export const router = new Router()
