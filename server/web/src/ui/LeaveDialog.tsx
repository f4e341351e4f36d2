// SPDX-License-Identifier: GPL-3.0-or-later
import { useState } from 'react'
import { client } from '../lib/client'
import { toCallError } from '../lib/errors'
import { t } from '../lib/i18n'
import type { Room } from '../lib/room'
import { router } from '../lib/router'
import { Dialog } from './Dialog'

export function LeaveDialog({ room, onClose }: { room: Room; onClose: () => void }) {
  const [fault, setFault] = useState('')
  const [busy, setBusy] = useState(false)
  const leave = async () => {
    setBusy(true)
    try {
      await client.leave(room.id)
      onClose()
      router.go({ at: 'home' }, true)
    } catch (cause) {
      const error = toCallError(cause)
      setFault(
        error.code === 'conflict'
          ? t('You are the last owner. Make somebody else an owner first.')
          : error.code === 'offline'
            ? t('No connection. Please try again when it is back.')
            : error.message,
      )
      setBusy(false)
    }
  }
  return (
    <Dialog title={t('Leave {group}?', { group: room.group.name })} onClose={onClose}>
      <div className="grid gap-4 text-center">
        <p className="dim">
          {room.group.visibility === 'public' ? t('Your messages stay. You can come back through Find groups.') : t('Your messages stay. To come back you need an invite.')}
        </p>
        {fault ? (
          <p className="note warn" role="alert">
            {fault}
          </p>
        ) : null}
        <div className="flex gap-3">
          <button type="button" className="button wide flex-1" onClick={onClose}>
            {t('Stay')}
          </button>
          <button type="button" className="button danger wide flex-1" disabled={busy} onClick={() => void leave()}>
            {t('Leave')}
          </button>
        </div>
      </div>
    </Dialog>
  )
}
