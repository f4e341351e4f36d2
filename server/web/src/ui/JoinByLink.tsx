// SPDX-License-Identifier: GPL-3.0-or-later
// /i/CODE for somebody who is signed in: what the invite is for, then in.
import { useEffect, useState } from 'react'
import { api } from '../lib/api'
import { client } from '../lib/client'
import { toCallError } from '../lib/errors'
import { n, t } from '../lib/i18n'
import { router } from '../lib/router'
import type { InvitePreview } from '../lib/types'
import { GroupTile } from './Avatar'
import { Banner } from './Conversation'
import { useSession, useTopics } from './hooks'

export function JoinByLink({ code }: { code: string }) {
  const { engine } = useSession()
  useTopics(engine.topics, 'app', 'groups')
  const [preview, setPreview] = useState<InvitePreview | null>()
  const [fault, setFault] = useState('')
  const [busy, setBusy] = useState(false)

  useEffect(() => {
    let gone = false
    api.invite(code).then(
      (answer) => {
        if (!gone) setPreview(answer)
      },
      (cause: unknown) => {
        if (gone) return
        const error = toCallError(cause)
        if (error.code === 'not_found') setPreview(null)
        else setFault(error.code === 'offline' ? t('No connection. Please try again when it is back.') : error.message)
      },
    )
    return () => {
      gone = true
    }
  }, [code])

  // Who registered with this invite is in the group already.
  const arrived = client.registeredBy === code ? engine.rooms.values().next().value?.id : undefined
  useEffect(() => {
    if (arrived === undefined) return
    client.registeredBy = undefined
    router.go({ at: 'group', id: arrived, seq: undefined }, true)
  }, [arrived])

  const join = async () => {
    setBusy(true)
    setFault('')
    try {
      const id = await client.join({ invite: code })
      router.go({ at: 'group', id, seq: undefined }, true)
    } catch (cause) {
      const error = toCallError(cause)
      if (error.code === 'not_found') setPreview(null)
      else setFault(error.code === 'forbidden' ? t('You cannot join this group.') : error.code === 'offline' ? t('No connection. Please try again when it is back.') : error.message)
      setBusy(false)
    }
  }

  const home = () => router.go({ at: 'home' }, true)
  const group = preview?.group
  return (
    <main className="conversation" data-pane>
      <Banner />
      <div className="grid flex-1 place-content-center justify-items-center gap-4 p-6 text-center">
        {preview === null ? (
          <>
            <h2 className="hero">{t('This invite is not good any more')}</h2>
            <p className="dim max-w-120">{t('It is used up, out of date or was meant for somebody else. Ask for a new link.')}</p>
          </>
        ) : null}
        {group ? (
          <>
            <GroupTile group={group} size={96} />
            <h2 className="hero mt-3">
              <bdi>{group.name}</bdi>
            </h2>
            <p className="dim">{n('You are invited. {count} member is waiting.', 'You are invited. {count} members are waiting.', group.members)}</p>
          </>
        ) : null}
        {preview && !group ? (
          <>
            <h2 className="hero">{t('You are already in')}</h2>
            <p className="dim">{t('This invite is for an account on {server}, and you have one.', { server: preview.server.name })}</p>
          </>
        ) : null}
        {fault ? (
          <p className="note warn" role="alert">
            {fault}
          </p>
        ) : null}
        <div className="mt-2 flex gap-3">
          <button type="button" className="button" onClick={home}>
            {group ? t('Not now') : t('To my groups')}
          </button>
          {group ? (
            <button type="button" className="button primary" disabled={busy || !engine.live} onClick={() => void join()}>
              {t('Join')}
            </button>
          ) : null}
        </div>
      </div>
    </main>
  )
}
