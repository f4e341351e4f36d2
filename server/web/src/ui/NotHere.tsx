// SPDX-License-Identifier: GPL-3.0-or-later
// /g/GROUP for somebody who is not in that group, or not any more.
import { useState } from 'react'
import { client } from '../lib/client'
import { toCallError } from '../lib/errors'
import { t } from '../lib/i18n'
import { router } from '../lib/router'
import { Banner } from './Conversation'
import { useSession, useTopics } from './hooks'

export function NotHere({ id }: { id: string }) {
  const { engine } = useSession()
  useTopics(engine.topics, 'app', 'groups')
  const [busy, setBusy] = useState(false)
  const [fault, setFault] = useState('')
  if (engine.syncs === 0) {
    return (
      <main className="conversation" data-pane aria-busy="true">
        <Banner />
        <div className="grid flex-1 place-content-center">
          <span className="spinner late" aria-hidden="true" />
        </div>
      </main>
    )
  }
  const join = async () => {
    setBusy(true)
    try {
      await client.join({ group: id })
    } catch (cause) {
      const error = toCallError(cause)
      setFault(error.code === 'not_found' ? t('There is no such group, or it is only for invited people.') : error.code === 'forbidden' ? t('You cannot join this group.') : error.code === 'offline' ? t('No connection. Please try again when it is back.') : error.message)
    } finally {
      setBusy(false)
    }
  }
  return (
    <main className="conversation" data-pane>
      <Banner />
      <div className="grid flex-1 place-content-center justify-items-center gap-4 p-6 text-center">
        <h2 className="hero">{t('You are not in this group')}</h2>
        <p className="dim max-w-120">{t('If it is open to all you can join it now. Otherwise somebody in it can send you an invite link.')}</p>
        {fault ? (
          <p className="note warn" role="alert">
            {fault}
          </p>
        ) : null}
        <div className="mt-2 flex gap-3">
          <button type="button" className="button" onClick={() => router.go({ at: 'find' }, true)}>
            {t('Find groups')}
          </button>
          <button type="button" className="button primary" disabled={busy || !engine.live} onClick={() => void join()}>
            {t('Join')}
          </button>
        </div>
      </div>
    </main>
  )
}
