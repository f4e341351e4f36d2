// SPDX-License-Identifier: GPL-3.0-or-later
import { useState, type FormEvent } from 'react'
import { client } from '../lib/client'
import { toCallError } from '../lib/errors'
import { t } from '../lib/i18n'
import { isVisible } from '../lib/text'
import { PersonAvatar } from './Avatar'
import { Dialog } from './Dialog'
import { EntryRow } from './Fields'
import { useSession } from './hooks'

export function Profile({ onClose }: { onClose: () => void }) {
  const { engine } = useSession()
  const [name, setName] = useState(engine.me.display_name)
  const [fault, setFault] = useState<string>()
  const [busy, setBusy] = useState(false)
  const save = async (event?: FormEvent) => {
    event?.preventDefault()
    if (!isVisible(name)) {
      setFault(t('A name needs something to see.'))
      return
    }
    setBusy(true)
    try {
      await client.rename(name.trim())
      onClose()
    } catch (cause) {
      const error = toCallError(cause)
      setFault(error.code === 'offline' ? t('No connection. Please try again when it is back.') : error.code === 'bad_request' ? t('This name cannot be used. Between 1 and 64 characters, please.') : error.message)
      setBusy(false)
    }
  }
  return (
    <Dialog
      title={t('Your name')}
      onClose={onClose}
      start={
        <button type="button" className="button small" onClick={onClose}>
          {t('Cancel')}
        </button>
      }
      end={
        <button type="button" className="button primary small" disabled={busy} onClick={() => void save()}>
          {t('Save')}
        </button>
      }
    >
      <form className="grid gap-4" onSubmit={(event) => void save(event)}>
        <div className="grid justify-items-center gap-2">
          <PersonAvatar user={{ id: engine.me.id, display_name: name || '?' }} size={84} />
          <span className="secondary dim" dir="ltr">
            {engine.me.address}
          </span>
        </div>
        <div className="card rows">
          <EntryRow label={t('Name that others see')} maxLength={64} autoFocus autoComplete="name" value={name} onChange={setName} error={fault} />
        </div>
      </form>
    </Dialog>
  )
}
