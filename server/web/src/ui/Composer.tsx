// SPDX-License-Identifier: GPL-3.0-or-later
import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent } from 'react'
import { client } from '../lib/client'
import { number, t } from '../lib/i18n'
import type { Room } from '../lib/room'
import { isVisible, outgoing } from '../lib/text'
import { useNarrow, useSession, useTopics } from './hooks'
import { Icon } from './Icon'

const SAVE_MS = 300
const IDLE_MS = 5_000
/** WebKit tells the end of a composition before the Enter that ended it. */
const AFTER_COMPOSITION_MS = 60
const BODY_BYTES = 16_384

const encoder = new TextEncoder()

export function Composer({ room }: { room: Room }) {
  const { engine } = useSession()
  useTopics(engine.topics, 'd:' + room.id, 'g:' + room.id)
  const narrow = useNarrow()
  const [text, setText] = useState(() => client.draft(room.id))
  const field = useRef<HTMLTextAreaElement>(null)
  const saved = useRef(text)
  const composedAt = useRef(-Infinity)
  const latest = useRef(text)
  latest.current = text

  const limit = client.server?.limits['message_bytes'] || BODY_BYTES
  const body = outgoing(text)
  const size = encoder.encode(body).length
  const tooLong = size > limit
  const ready = isVisible(body) && !tooLong

  // The field grows with its text, up to what the style sheet allows.
  useLayoutEffect(() => {
    const element = field.current
    if (!element) return
    element.style.height = 'auto'
    element.style.height = element.scrollHeight + 'px'
  }, [text, narrow])

  useEffect(() => {
    if (!narrow) field.current?.focus({ preventScroll: true })
  }, [narrow])

  // A draft is kept a moment after the last key, and in any case before this field or the page goes.
  useEffect(() => {
    if (text === saved.current) return undefined
    const timer = setTimeout(() => {
      saved.current = text
      client.setDraft(room.id, text)
    }, SAVE_MS)
    return () => clearTimeout(timer)
  }, [text, room.id])

  useEffect(() => {
    const keep = () => {
      if (latest.current !== saved.current) client.setDraft(room.id, latest.current)
      saved.current = latest.current
    }
    addEventListener('pagehide', keep)
    return () => {
      removeEventListener('pagehide', keep)
      keep()
      client.stopTyping()
      engine.topics.touch('groups', 'd:' + room.id)
    }
  }, [engine, room.id])

  useEffect(() => {
    if (!text) {
      client.stopTyping()
      return undefined
    }
    const timer = setTimeout(() => client.stopTyping(), IDLE_MS)
    return () => clearTimeout(timer)
  }, [text])

  const change = (value: string) => {
    setText(value)
    if (isVisible(value)) client.typing(room.id)
  }

  const send = () => {
    if (!ready) return
    client.send(room.id, text)
    saved.current = ''
    setText('')
    field.current?.focus({ preventScroll: true })
  }

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key !== 'Enter' || event.shiftKey) return
    // An input method's Enter only ends its conversion.
    if (event.nativeEvent.isComposing || event.keyCode === 229) return
    event.preventDefault()
    if (performance.now() - composedAt.current < AFTER_COMPOSITION_MS) return
    send()
  }

  return (
    <div className="composer clamp">
      {tooLong ? (
        <p className="composer-fault" role="alert">
          {t('Too long by {count} bytes. Send it in two parts.', { count: number(size - limit) })}
        </p>
      ) : null}
      <div className="flex items-end gap-2">
        <div className="composer-field">
          <textarea
            ref={field}
            rows={1}
            dir="auto"
            data-pane-focus
            enterKeyHint="send"
            placeholder={narrow ? t('Message') : t('Message {group}', { group: room.group.name })}
            aria-label={t('Message {group}', { group: room.group.name })}
            value={text}
            onChange={(event) => change(event.target.value)}
            onKeyDown={onKeyDown}
            onCompositionEnd={() => {
              composedAt.current = performance.now()
            }}
          />
        </div>
        <button type="button" className="send-button" aria-label={t('Send')} title={t('Send')} disabled={!ready} onClick={send}>
          <Icon name="send" size={20} />
        </button>
      </div>
    </div>
  )
}
