// SPDX-License-Identifier: GPL-3.0-or-later
// Rows of a form card: the label above the value, errors below the card.
import { useId, useState, type InputHTMLAttributes, type ReactNode } from 'react'
import { t } from '../lib/i18n'
import { Icon } from './Icon'

type EntryProps = Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange' | 'value'> & {
  label: string
  value: string
  onChange: (value: string) => void
  error?: string | undefined
  end?: ReactNode
}

export function EntryRow({ label, value, onChange, error, end, ...input }: EntryProps) {
  const id = useId()
  return (
    <div className={'entry-row' + (error ? ' faulty' : '')}>
      <div className="entry-field">
        <label htmlFor={id}>{label}</label>
        <input id={id} dir="auto" {...input} value={value} onChange={(event) => onChange(event.target.value)} aria-invalid={error ? true : undefined} aria-describedby={error ? id + '-error' : undefined} />
        {error ? (
          <p className="entry-error" id={id + '-error'} role="alert">
            {error}
          </p>
        ) : null}
      </div>
      {end}
    </div>
  )
}

export function PasswordRow(props: Omit<EntryProps, 'type' | 'end'>) {
  const [shown, setShown] = useState(false)
  return (
    <EntryRow
      {...props}
      dir="ltr"
      type={shown ? 'text' : 'password'}
      spellCheck={false}
      autoCapitalize="none"
      end={
        <button type="button" className="icon-button" aria-pressed={shown} aria-label={shown ? t('Hide password') : t('Show password')} title={shown ? t('Hide password') : t('Show password')} onClick={() => setShown(!shown)}>
          <Icon name={shown ? 'eye-off' : 'eye'} />
        </button>
      }
    />
  )
}

export function SwitchRow({ label, hint, checked, onChange }: { label: string; hint: string; checked: boolean; onChange: (checked: boolean) => void }) {
  const id = useId()
  return (
    <label className="switch-row" htmlFor={id}>
      <span className="min-w-0 flex-1">
        <span className="block">{label}</span>
        <span className="secondary dim block" id={id + '-hint'}>
          {hint}
        </span>
      </span>
      <input id={id} type="checkbox" role="switch" checked={checked} onChange={(event) => onChange(event.target.checked)} aria-describedby={id + '-hint'} />
    </label>
  )
}
