// SPDX-License-Identifier: GPL-3.0-or-later
import { useRef, useState, type FormEvent, type KeyboardEvent } from 'react'
import { client, newClientId } from '../lib/client'
import { toCallError } from '../lib/errors'
import { HUES } from '../lib/hue'
import { t } from '../lib/i18n'
import { router } from '../lib/router'
import { Dialog } from './Dialog'
import { EntryRow, SwitchRow } from './Fields'
import { GroupTile } from './Avatar'

const EMOJI = ['🔥', '🎨', '🏕️', '🎮', '🌿', '☕', '🐾', '📚', '🎸', '🛠️', '🚲', '🍲', '⚽', '🎬', '🧶', '🔭']

function hueNames(): string[] {
  return [t('Berry'), t('Rust'), t('Ochre'), t('Moss'), t('Sea'), t('Sky'), t('Iris'), t('Plum')]
}

/** Left and right walk along a row of radio buttons. */
function walk(event: KeyboardEvent<HTMLElement>): void {
  const radios = [...event.currentTarget.querySelectorAll<HTMLElement>('[role="radio"]')]
  const at = radios.indexOf(document.activeElement as HTMLElement)
  const rtl = getComputedStyle(event.currentTarget).direction === 'rtl'
  const step = { ArrowRight: rtl ? -1 : 1, ArrowLeft: rtl ? 1 : -1, ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (step === undefined || at < 0) return
  const next = radios[(at + step + radios.length) % radios.length]
  next?.focus()
  next?.click()
  event.preventDefault()
}

export function NewGroup({ onClose }: { onClose: () => void }) {
  const [emoji, setEmoji] = useState(EMOJI[0]!)
  const [hue, setHue] = useState(1)
  const [name, setName] = useState('')
  const [topic, setTopic] = useState('')
  const [listed, setListed] = useState(true)
  const [busy, setBusy] = useState(false)
  const [fault, setFault] = useState<{ field: string | undefined; text: string }>()
  // Asked again after a lost answer it is the same group.
  const clientId = useRef(newClientId())
  const names = hueNames()

  const create = async (event?: FormEvent) => {
    event?.preventDefault()
    if (busy) return
    if (!name.trim()) {
      setFault({ field: 'name', text: t('A group needs a name.') })
      return
    }
    setBusy(true)
    setFault(undefined)
    try {
      const id = await client.createGroup({ name: name.trim(), ...(topic.trim() ? { topic: topic.trim() } : {}), visibility: listed ? 'public' : 'private', emoji, hue }, clientId.current)
      onClose()
      router.go({ at: 'group', id, seq: undefined })
    } catch (cause) {
      const error = toCallError(cause)
      const text = error.code === 'offline' ? t('No connection. Please try again when it is back.') : error.code === 'bad_request' && error.field === 'name' ? t('This name cannot be used. Between 1 and 100 characters, please.') : error.message
      setFault({ field: error.field, text })
      setBusy(false)
    }
  }

  return (
    <Dialog
      title={t('New group')}
      onClose={onClose}
      start={
        <button type="button" className="button small" onClick={onClose}>
          {t('Cancel')}
        </button>
      }
      end={
        <button type="button" className="button primary small" disabled={busy} onClick={() => void create()}>
          {t('Create')}
        </button>
      }
    >
      <form className="grid gap-4" onSubmit={(event) => void create(event)}>
        <div className="grid justify-items-center">
          <GroupTile group={{ name: name || '?', emoji, hue }} size={84} />
        </div>
        <div className="emoji-row" role="radiogroup" aria-label={t('Emoji')} onKeyDown={walk}>
          {EMOJI.map((each) => (
            <button key={each} type="button" role="radio" aria-checked={each === emoji} tabIndex={each === emoji ? 0 : -1} className="emoji-choice emoji" onClick={() => setEmoji(each)}>
              {each}
            </button>
          ))}
        </div>
        <div className="hue-row" role="radiogroup" aria-label={t('Colour')} onKeyDown={walk}>
          {HUES.map((each, index) => (
            <button key={each} type="button" role="radio" aria-checked={index === hue} aria-label={names[index]} title={names[index]} tabIndex={index === hue ? 0 : -1} className={'hue-choice hue-' + each} onClick={() => setHue(index)} />
          ))}
        </div>
        <div className="card rows">
          <EntryRow label={t('Name')} maxLength={100} autoFocus autoComplete="off" value={name} onChange={setName} error={fault?.field === 'name' ? fault.text : undefined} />
          <EntryRow label={t('What is it about?')} maxLength={1000} autoComplete="off" value={topic} onChange={setTopic} error={fault?.field === 'topic' ? fault.text : undefined} />
        </div>
        <div className="card rows">
          <SwitchRow
            label={t('List in “Find groups”')}
            hint={listed ? t('Anyone on {server} can join', { server: client.server?.domain ?? location.host }) : t('Only with an invite')}
            checked={listed}
            onChange={setListed}
          />
        </div>
        {fault && fault.field !== 'name' && fault.field !== 'topic' ? (
          <p className="note warn" role="alert">
            {fault.text}
          </p>
        ) : null}
        <button type="submit" className="sr-only" tabIndex={-1} aria-hidden="true">
          {t('Create')}
        </button>
      </form>
    </Dialog>
  )
}
