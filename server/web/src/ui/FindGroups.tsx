// SPDX-License-Identifier: GPL-3.0-or-later
import { motion } from 'motion/react'
import { useCallback, useEffect, useRef, useState } from 'react'
import { api } from '../lib/api'
import { client } from '../lib/client'
import { toCallError } from '../lib/errors'
import { n, t } from '../lib/i18n'
import { router } from '../lib/router'
import type { Group } from '../lib/types'
import { GroupTile } from './Avatar'
import { useSession, useTopics } from './hooks'
import { Icon } from './Icon'
import { settle } from './motion'
import type { Sheet } from './Shell'

const TYPE_MS = 200

interface Directory {
  groups: Group[]
  next: string | undefined
  loading: boolean
  fault: string | undefined
}

function useDirectory(query: string): [Directory, () => void, () => void] {
  const [state, setState] = useState<Directory>({ groups: [], next: undefined, loading: true, fault: undefined })
  const [attempt, setAttempt] = useState(0)
  useEffect(() => {
    let gone = false
    const timer = setTimeout(
      () => {
        setState((before) => ({ ...before, loading: true, fault: undefined }))
        api.directory(query.trim()).then(
          (answer) => {
            if (!gone) setState({ groups: answer.groups, next: answer.next, loading: false, fault: undefined })
          },
          (cause: unknown) => {
            if (!gone) setState((before) => ({ ...before, loading: false, fault: toCallError(cause).code }))
          },
        )
      },
      query ? TYPE_MS : 0,
    )
    return () => {
      gone = true
      clearTimeout(timer)
    }
  }, [query, attempt])
  const more = useCallback(() => {
    if (!state.next || state.loading) return
    setState((before) => ({ ...before, loading: true }))
    api.directory(query.trim(), state.next).then(
      (answer) => setState((before) => ({ groups: [...before.groups, ...answer.groups], next: answer.next, loading: false, fault: undefined })),
      (cause: unknown) => setState((before) => ({ ...before, loading: false, fault: toCallError(cause).code })),
    )
  }, [query, state.next, state.loading])
  return [state, more, () => setAttempt((count) => count + 1)]
}

/** Lively ones first, as far as this page of the directory goes. */
function lively(groups: Group[]): Group[] {
  return [...groups].sort((a, b) => b.here - a.here || b.members - a.members)
}

export function FindGroups({ onSheet }: { onSheet: (sheet: Sheet) => void }) {
  const { engine } = useSession()
  useTopics(engine.topics, 'groups')
  const [query, setQuery] = useState('')
  const [directory, more, again] = useDirectory(query)
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => field.current?.focus(), [])
  const groups = lively(directory.groups)
  return (
    <main className="conversation find" data-pane aria-label={t('Find groups')}>
      <header className="pane-header">
        <button type="button" className="icon-button" aria-label={t('Back')} title={t('Back')} onClick={() => router.back()}>
          <Icon name="back" />
        </button>
        <div className="min-w-0 flex-1 text-center">
          <h2 className="title">{t('Find groups')}</h2>
          <p className="secondary dim truncate">{client.server?.domain ?? location.host}</p>
        </div>
        <button type="button" className="button small" onClick={() => onSheet('new-group')}>
          <Icon name="plus" />
          <span className="max-md:sr-only">{t('New group')}</span>
        </button>
      </header>
      <motion.div layoutScroll className="find-scroll">
        <div className="find-clamp">
          <div className="search-field" role="search">
            <Icon name="search" />
            <input ref={field} data-pane-focus type="search" dir="auto" maxLength={200} placeholder={t('Search open groups')} aria-label={t('Search open groups')} value={query} onChange={(event) => setQuery(event.target.value)} />
          </div>
          <div role="status" className="find-status">
            {directory.fault ? (
              <p className="note warn">
                {directory.fault === 'rate_limited' ? t('That was a bit fast. Please wait a moment.') : t('The directory cannot be reached right now.')}{' '}
                <button type="button" className="link" onClick={again}>
                  {t('Try again')}
                </button>
              </p>
            ) : null}
            {!directory.fault && !directory.loading && groups.length === 0 ? (
              <div className="grid justify-items-center gap-3 p-12 text-center">
                <p className="font-bold">{query ? t('Nothing found for “{query}”', { query: query.trim() }) : t('No open groups yet')}</p>
                <p className="dim">{query ? t('Try another word, or start that group yourself.') : t('Be the first: groups that are listed here can be joined by everybody.')}</p>
                <button type="button" className="button primary mt-2" onClick={() => onSheet('new-group')}>
                  {t('Start a group')}
                </button>
              </div>
            ) : null}
          </div>
          <ul className="find-grid" aria-busy={directory.loading}>
            {groups.map((group) => (
              <motion.li key={group.id} layout="position" initial={{ opacity: 0 }} animate={{ opacity: 1 }} transition={settle}>
                <GroupCard group={group} />
              </motion.li>
            ))}
          </ul>
          {directory.next ? (
            <button type="button" className="button wide mt-4" onClick={more} disabled={directory.loading}>
              {t('Show more')}
            </button>
          ) : null}
        </div>
      </motion.div>
    </main>
  )
}

function GroupCard({ group }: { group: Group }) {
  const { engine } = useSession()
  const [busy, setBusy] = useState(false)
  const [fault, setFault] = useState('')
  const room = engine.rooms.get(group.id)
  const open = () => router.go({ at: 'group', id: group.id, seq: undefined })
  const join = async () => {
    setBusy(true)
    setFault('')
    try {
      await client.join({ group: group.id })
      open()
    } catch (cause) {
      const error = toCallError(cause)
      setFault(error.code === 'forbidden' ? t('You cannot join this group.') : error.code === 'conflict' ? t('This group is full.') : error.code === 'offline' ? t('No connection. Please try again.') : error.message)
    } finally {
      setBusy(false)
    }
  }
  return (
    <article className="card find-card">
      <div className="flex items-center gap-3">
        <GroupTile group={group} size={42} />
        <div className="min-w-0">
          <h3 className="truncate font-bold">
            <bdi>{group.name}</bdi>
          </h3>
          <p className="secondary truncate">
            {engine.live && group.here > 0 ? (
              <span className="here-text">
                <span className="here-dot" aria-hidden="true" />
                {n('{count} here', '{count} here', group.here)}
              </span>
            ) : (
              <span className="dim">{t('Quiet now')}</span>
            )}
            <span className="dim"> · {n('{count} member', '{count} members', group.members)}</span>
          </p>
        </div>
      </div>
      <p className="find-topic secondary dim" dir="auto">
        {group.topic}
      </p>
      {fault ? (
        <p className="secondary fault" role="alert">
          {fault}
        </p>
      ) : null}
      <div className="flex items-center justify-end gap-2">
        {room ? (
          <button type="button" className="button flat small" onClick={open} aria-label={t('Open {group}', { group: group.name })}>
            {t('Joined')}
          </button>
        ) : (
          <button type="button" className="button small" disabled={busy} onClick={() => void join()} aria-label={t('Join {group}', { group: group.name })}>
            {t('Join')}
          </button>
        )}
      </div>
    </article>
  )
}
