// SPDX-License-Identifier: GPL-3.0-or-later
import { t } from '../lib/i18n'
import type { Pending } from '../lib/outbox'
import type { Message } from '../lib/types'
import { Icon, type IconName } from './Icon'

export type TickState = 'sending' | 'stored' | 'read' | 'failed'

export function ticksOf(pending: Pending | undefined, message: Message | undefined, othersReadSeq: number | undefined): TickState {
  if (pending?.failed) return 'failed'
  if (pending && !pending.stored) return 'sending'
  return message && othersReadSeq !== undefined && othersReadSeq >= message.seq ? 'read' : 'stored'
}

export function tickWord(state: TickState): string {
  return { sending: t('sending'), stored: t('sent'), read: t('read'), failed: t('not sent') }[state]
}

export function Ticks({ state }: { state: TickState }) {
  const icon: IconName = state
  return (
    <span key={state} className={'ticks ' + state} role="img" aria-label={tickWord(state)}>
      <Icon name={icon} size={13} />
    </span>
  )
}
