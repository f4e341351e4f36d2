// SPDX-License-Identifier: GPL-3.0-or-later
import { useState, type FormEvent } from 'react'
import { t } from '../lib/i18n'
import { inviteCode, router } from '../lib/router'
import { Dialog } from './Dialog'
import { EntryRow } from './Fields'

export function OpenLink({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('')
  const [fault, setFault] = useState<string>()
  const open = (event?: FormEvent) => {
    event?.preventDefault()
    const code = inviteCode(text)
    if (!code) {
      setFault(t('That is not an invite link or code.'))
      return
    }
    onClose()
    router.go({ at: 'invite', code })
  }
  return (
    <Dialog
      title={t('Open an invite link')}
      onClose={onClose}
      start={
        <button type="button" className="button small" onClick={onClose}>
          {t('Cancel')}
        </button>
      }
      end={
        <button type="button" className="button primary small" onClick={() => open()}>
          {t('Open')}
        </button>
      }
    >
      <form onSubmit={open}>
        <div className="card rows">
          <EntryRow label={t('Link or code')} dir="ltr" autoFocus autoComplete="off" autoCapitalize="none" spellCheck={false} value={text} onChange={setText} error={fault} />
        </div>
      </form>
    </Dialog>
  )
}
