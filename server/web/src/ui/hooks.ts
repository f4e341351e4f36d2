// SPDX-License-Identifier: GPL-3.0-or-later
import { useEffect, useState, useSyncExternalStore, useCallback, useMemo } from 'react'
import { client, type Session } from '../lib/client'
import { router, type Route } from '../lib/router'
import type { Topics } from '../lib/topics'

/** Renders anew when one of the topics is touched. */
export function useTopics(source: Topics, ...names: string[]): number {
  const key = names.join(' ')
  const subscribe = useCallback((listener: () => void) => source.subscribe(key.split(' '), listener), [source, key])
  const snapshot = useCallback(() => key.split(' ').reduce((sum, name) => sum + source.version(name), 0), [source, key])
  return useSyncExternalStore(subscribe, snapshot)
}

export function useRoute(): Route {
  useTopics(router.topics, 'route')
  return router.route
}

export function useSession(): Session {
  return client.session!
}

/** The present minute: labels like Today follow the clock and the zone. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>
    const tick = () => {
      setNow(Date.now())
      timer = setTimeout(tick, 60_000 - (Date.now() % 60_000) + 50)
    }
    timer = setTimeout(tick, 60_000 - (Date.now() % 60_000) + 50)
    const shown = () => {
      if (!document.hidden) setNow(Date.now())
    }
    document.addEventListener('visibilitychange', shown)
    return () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', shown)
    }
  }, [])
  return now
}

export function useMedia(query: string): boolean {
  const list = useMemo(() => matchMedia(query), [query])
  const subscribe = useCallback(
    (listener: () => void) => {
      list.addEventListener('change', listener)
      return () => list.removeEventListener('change', listener)
    },
    [list],
  )
  return useSyncExternalStore(subscribe, () => list.matches)
}

export const useNarrow = (): boolean => useMedia('(max-width: 720px)')
export const useMedium = (): boolean => useMedia('(max-width: 1100px)')
export const useReducedMotion = (): boolean => useMedia('(prefers-reduced-motion: reduce)')
