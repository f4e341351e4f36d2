// SPDX-License-Identifier: GPL-3.0-or-later
import { useEffect, useRef, useState } from 'react'
import { client } from '../lib/client'
import { toCallError } from '../lib/errors'
import { fullTime } from '../lib/format'
import { t } from '../lib/i18n'
import type { Room } from '../lib/room'
import type { Invite } from '../lib/types'
import { Dialog } from './Dialog'
import { Icon } from './Icon'

/** Works on plain http too, where the browser offers no clipboard of its own. */
async function copy(text: string, field: HTMLInputElement | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    field?.select()
    return document.execCommand('copy')
  }
}

export function InviteDialog({ room, onClose }: { room: Room; onClose: () => void }) {
  const [invite, setInvite] = useState<Invite>()
  const [fault, setFault] = useState('')
  const [copied, setCopied] = useState(false)
  const field = useRef<HTMLInputElement>(null)
  const asked = useRef(false)

  useEffect(() => {
    if (asked.current) return
    asked.current = true
    client.invite(room.id).then(setInvite, (cause: unknown) => {
      const error = toCallError(cause)
      setFault(error.code === 'offline' ? t('No connection. Please try again when it is back.') : error.code === 'forbidden' ? t('Only admins can invite to this group.') : error.message)
    })
  }, [room.id])

  // The server may be known by another name from outside; a path alone gets this one.
  const url = invite ? new URL(invite.url, location.origin).href : ''

  return (
    <Dialog
      title={t('Invite people')}
      onClose={onClose}
      end={
        <button type="button" className="round-button" aria-label={t('Close')} title={t('Close')} onClick={onClose}>
          <Icon name="close" size={13} />
        </button>
      }
    >
      <div className="grid gap-4 text-center">
        <p className="dim">{t('Whoever opens this link can join {group}.', { group: room.group.name })}</p>
        {fault ? (
          <p className="note warn" role="alert">
            {fault}
          </p>
        ) : (
          <>
            <input ref={field} readOnly dir="ltr" className="link-field" aria-label={t('Invite link')} value={url} placeholder={t('One moment…')} onFocus={(event) => event.target.select()} />
            <button
              type="button"
              className="button primary wide"
              disabled={!url}
              onClick={() => {
                void copy(url, field.current).then(setCopied)
              }}
            >
              <Icon name={copied ? 'check' : 'copy'} />
              {copied ? t('Copied') : t('Copy link')}
            </button>
            <p className="secondary dim" role="status">
              {invite?.expires_at ? t('Good until {time}.', { time: fullTime(invite.expires_at) }) : ''}
            </p>
          </>
        )}
      </div>
    </Dialog>
  )
}
