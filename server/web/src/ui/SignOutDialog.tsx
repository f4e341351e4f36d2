// SPDX-License-Identifier: GPL-3.0-or-later
import { client } from '../lib/client'
import { toCallError } from '../lib/errors'
import { n, t } from '../lib/i18n'
import { Dialog } from './Dialog'
import { useSession } from './hooks'

/** Without the server the session would live on, so it is not pretended that it ended. */
export async function signOutOrSay(): Promise<void> {
  try {
    await client.signOut()
  } catch (cause) {
    const error = toCallError(cause)
    client.say(error.code === 'offline' ? t('Signing out needs the server, and it does not answer. Please try again.') : error.message)
  }
}

/** Asked only where something would be lost. */
export function SignOutDialog({ onClose }: { onClose: () => void }) {
  const { outbox } = useSession()
  return (
    <Dialog title={t('Sign out now?')} onClose={onClose}>
      <div className="grid gap-4 text-center">
        <p className="dim">{n('{count} message is not sent yet and would be lost.', '{count} messages are not sent yet and would be lost.', outbox.size)}</p>
        <div className="flex gap-3">
          <button type="button" className="button wide flex-1" onClick={onClose}>
            {t('Stay')}
          </button>
          <button
            type="button"
            className="button danger wide flex-1"
            onClick={() => {
              onClose()
              void signOutOrSay()
            }}
          >
            {t('Sign out')}
          </button>
        </div>
      </div>
    </Dialog>
  )
}
