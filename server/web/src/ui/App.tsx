// SPDX-License-Identifier: GPL-3.0-or-later
import { MotionConfig } from 'motion/react'
import { client } from '../lib/client'
import { t } from '../lib/i18n'
import { useTopics } from './hooks'
import { Logo } from './Icon'
import { Shell } from './Shell'
import { SignIn } from './SignIn'
import { Toast } from './Toast'

export function App() {
  useTopics(client.topics, 'app')
  return (
    <MotionConfig reducedMotion="user">
      {client.phase === 'in' && client.session ? <Shell key={client.session.engine.me.id} /> : null}
      {client.phase === 'signed-out' ? <SignIn /> : null}
      {client.phase === 'unreachable' ? <Unreachable /> : null}
      {client.phase === 'loading' ? <div className="loading-ground" aria-busy="true" /> : null}
      <Toast />
    </MotionConfig>
  )
}

function Unreachable() {
  return (
    <main className="grid min-h-dvh place-content-center justify-items-center gap-4 p-6 text-center">
      <Logo />
      <h1 className="hero mt-2">{t('The server does not answer')}</h1>
      <p className="dim max-w-120">{t('It may be restarting, or your network is away. Nothing is lost.')}</p>
      <button type="button" className="button primary mt-2" onClick={() => void client.resume()}>
        {t('Try again')}
      </button>
    </main>
  )
}
