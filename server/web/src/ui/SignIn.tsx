// SPDX-License-Identifier: GPL-3.0-or-later
import { AnimatePresence, motion } from 'motion/react'
import { useEffect, useState, type FormEvent } from 'react'
import { api } from '../lib/api'
import { client } from '../lib/client'
import { CallError, toCallError } from '../lib/errors'
import { n, t } from '../lib/i18n'
import { inviteCode, router } from '../lib/router'
import type { InvitePreview } from '../lib/types'
import { ArtPanel } from './ArtPanel'
import { GroupTile } from './Avatar'
import { EntryRow, PasswordRow } from './Fields'
import { useRoute, useTopics } from './hooks'
import { Logo } from './Icon'
import { reveal } from './motion'

type Faults = Partial<Record<'name' | 'password' | 'invite' | 'display_name' | 'form', string>>

function wait(error: CallError): string {
  const seconds = Math.max(1, Math.ceil((error.retryAfterMs ?? 1_000) / 1_000))
  return n('Too many tries. Please wait a second.', 'Too many tries. Please wait {count} seconds.', seconds)
}

function signInFaults(error: CallError): Faults {
  switch (error.code) {
    case 'unauthorized':
      return { password: t('Name and password do not match. Forgotten? The admin of this server can set a new one.') }
    case 'rate_limited':
      return { form: wait(error) }
    case 'bad_request':
      return { name: t('That is not a name on this server.') }
    case 'unavailable':
      return { form: t('The server is busy. Please try again in a moment.') }
    case 'offline':
      return { form: t('The server does not answer. Please try again.') }
    default:
      return { form: error.message }
  }
}

function registerFaults(error: CallError, withInvite: boolean): Faults {
  switch (error.code) {
    case 'conflict':
      return { name: t('This name is taken. Try another one.') }
    case 'forbidden':
      if (withInvite) return { invite: t('This invite is used up, out of date or not for this server.') }
      if (client.server?.registration === 'closed') return { form: t('This server takes no new accounts.') }
      return { invite: t('This server needs an invite. Ask somebody who is here.') }
    case 'bad_request':
      if (error.field === 'password') return { password: t('At least 8 characters, please.') }
      if (error.field === 'display_name') return { display_name: t('Between 1 and 64 characters, please.') }
      if (error.field === 'invite') return { invite: t('This is not an invite code.') }
      return { name: t('2 to 32 characters: small letters, digits, dot, dash, underscore.') }
    default:
      return signInFaults(error)
  }
}

/** What a name becomes as one types it. */
function asName(text: string): string {
  return text.toLowerCase().replace(/\s+/g, '-')
}

function strength(password: string): number {
  if (!password) return 0
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u].filter((kind) => kind.test(password)).length
  const different = new Set(password).size
  if (password.length < 8 || different < 4) return 1
  const points = (password.length >= 12 ? 1 : 0) + (password.length >= 16 ? 1 : 0) + (kinds >= 3 ? 1 : 0)
  return Math.min(4, 2 + points)
}

function StrengthBar({ password }: { password: string }) {
  const level = strength(password)
  const words = ['', t('Weak'), t('Fair'), t('Good'), t('Strong')]
  return (
    <div className="flex items-center gap-4 px-2" role="status" aria-label={t('Password strength')}>
      <div className="strength" data-level={level} aria-hidden="true">
        <i />
        <i />
        <i />
        <i />
      </div>
      <span className={'secondary min-w-16 text-end ' + (level >= 3 ? 'here-text' : 'dim')}>{words[level]}</span>
    </div>
  )
}

function InviteCard({ preview }: { preview: InvitePreview }) {
  const { group, server } = preview
  if (!group) return <p className="card secondary p-4 text-center">{t('You are invited to {server}.', { server: server.name })}</p>
  return (
    <div className="card flex items-center gap-4 p-4">
      <GroupTile group={group} size={48} />
      <div className="min-w-0">
        <p className="secondary dim">{t('You are invited to')}</p>
        <p className="truncate font-bold">
          <bdi>{group.name}</bdi>
        </p>
        <p className="secondary dim">{n('{count} member', '{count} members', group.members)}</p>
      </div>
    </div>
  )
}

/** What the address says about an invite: undefined while unknown, null where it is no good. */
function useInvite(code: string | undefined): InvitePreview | null | undefined {
  const [state, setState] = useState<InvitePreview | null>()
  useEffect(() => {
    setState(undefined)
    if (!code) return undefined
    let gone = false
    api.invite(code).then(
      (preview) => {
        if (!gone) setState(preview)
      },
      (cause: unknown) => {
        if (!gone) setState(toCallError(cause).code === 'not_found' ? null : undefined)
      },
    )
    return () => {
      gone = true
    }
  }, [code])
  return state
}

export function SignIn() {
  useTopics(client.topics, 'app')
  const route = useRoute()
  const linked = route.at === 'invite' ? route.code : undefined
  const preview = useInvite(linked)
  const [registering, setRegistering] = useState(linked !== undefined && client.farewell === undefined)
  const [name, setName] = useState('')
  const [shown, setShown] = useState('')
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [faults, setFaults] = useState<Faults>({})
  const [busy, setBusy] = useState(false)
  const server = client.server
  const closed = server?.registration === 'closed'

  useEffect(() => {
    document.title = 'Klatch'
  }, [])

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (busy) return
    const invite = linked ?? (code.trim() ? (inviteCode(code) ?? code.trim()) : undefined)
    const found: Faults = {}
    if (!name.trim()) found.name = t('Your name on this server.')
    if (!password) found.password = t('Your password.')
    else if (registering && password.length < 8) found.password = t('At least 8 characters, please.')
    if (found.name || found.password) {
      setFaults(found)
      return
    }
    setBusy(true)
    setFaults({})
    try {
      if (registering) {
        await client.register({ name: name.trim(), password, ...(shown.trim() ? { display_name: shown.trim() } : {}), ...(invite ? { invite } : {}) })
      } else {
        await client.signIn({ name: name.trim(), password })
      }
    } catch (cause) {
      const error = toCallError(cause)
      setFaults(registering ? registerFaults(error, invite !== undefined) : signInFaults(error))
      setBusy(false)
    }
  }

  const swap = () => {
    setFaults({})
    setRegistering(!registering)
  }

  const host = server?.domain ?? location.host
  return (
    <div className="sign-in">
      <ArtPanel />
      <main className="sign-in-form">
        <form onSubmit={(event) => void submit(event)} noValidate>
          <div className="grid justify-items-center gap-3 text-center">
            <Logo />
            <h1 className="hero mt-3">{registering ? t('Create your account') : t('Welcome back')}</h1>
            <p className="dim">
              {registering ? t('On {server}', { server: host }) : t('Sign in to {server}', { server: host })}
            </p>
          </div>
          {client.farewell === 'revoked' ? <p className="note" role="status">{t('You were signed out on this device. Sign in to go on.')}</p> : null}
          {client.farewell === 'expired' ? <p className="note" role="status">{t('Your session has run out. Sign in to go on; what you wrote is still here.')}</p> : null}
          {preview ? <InviteCard preview={preview} /> : null}
          {preview === null ? (
            <p className="note warn" role="alert">
              {t('This invite is used up or out of date. Ask for a new link.')}{' '}
              <button type="button" className="link" onClick={() => router.go({ at: 'home' }, true)}>
                {t('Go on without it')}
              </button>
            </p>
          ) : null}
          <div className="card rows">
            <EntryRow
              label={t('Username')}
              name="username"
              autoComplete="username"
              autoCapitalize="none"
              autoCorrect="off"
              spellCheck={false}
              dir="ltr"
              maxLength={registering ? 32 : 200}
              autoFocus
              value={name}
              onChange={(value) => setName(registering ? asName(value) : value)}
              error={faults.name}
            />
            {registering ? <EntryRow label={t('Name that others see')} name="name" autoComplete="name" maxLength={64} placeholder={name} value={shown} onChange={setShown} error={faults.display_name} /> : null}
            <PasswordRow label={t('Password')} name="password" autoComplete={registering ? 'new-password' : 'current-password'} value={password} onChange={setPassword} error={faults.password} />
            {registering && !linked ? (
              <EntryRow
                label={server?.registration === 'invite' ? t('Invite code') : t('Invite code (if you have one)')}
                name="invite"
                autoComplete="off"
                autoCapitalize="none"
                spellCheck={false}
                dir="ltr"
                value={code}
                onChange={setCode}
                error={faults.invite}
              />
            ) : null}
          </div>
          {registering ? <StrengthBar password={password} /> : null}
          <AnimatePresence initial={false}>
            {faults.form || (linked && faults.invite) ? (
              <motion.p key="fault" className="note warn" role="alert" initial={{ opacity: 0, height: 0 }} animate={{ opacity: 1, height: 'auto' }} exit={{ opacity: 0, height: 0 }} transition={reveal}>
                {faults.form ?? faults.invite}
              </motion.p>
            ) : null}
          </AnimatePresence>
          <button type="submit" className="button primary wide" aria-busy={busy} disabled={busy}>
            {busy ? <span className="spinner" aria-hidden="true" /> : null}
            {registering ? t('Create account') : t('Sign in')}
          </button>
          {registering || !closed ? (
            <button type="button" className="button flat wide" onClick={swap}>
              {registering ? t('I already have one') : t('Create an account')}
            </button>
          ) : (
            <p className="secondary dim text-center">{t('New accounts are made by the admin of this server.')}</p>
          )}
        </form>
      </main>
    </div>
  )
}
