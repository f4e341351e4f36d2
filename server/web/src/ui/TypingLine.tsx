// SPDX-License-Identifier: GPL-3.0-or-later
import { AnimatePresence, motion } from 'motion/react'
import { n, t } from '../lib/i18n'
import type { Room } from '../lib/room'
import { PersonAvatar } from './Avatar'
import { useSession, useTopics } from './hooks'
import { fade } from './motion'

/** Keeps its height, so that nothing jumps when somebody starts to type. */
export function TypingLine({ room }: { room: Room }) {
  const { engine } = useSession()
  useTopics(engine.topics, 't:' + room.id, 'names')
  const ids = [...room.typing.keys()]
  const first = ids[0] === undefined ? undefined : engine.users.get(ids[0])
  const second = ids[1] === undefined ? undefined : engine.users.get(ids[1])
  let text = ''
  if (first && ids.length === 1) text = t('{name} is typing', { name: first.display_name })
  else if (first && second && ids.length === 2) text = t('{name} and {other} are typing', { name: first.display_name, other: second.display_name })
  else if (ids.length > 2) text = n('{count} person is typing', '{count} people are typing', ids.length)
  return (
    <div className="typing-line clamp">
      <AnimatePresence>
        {text ? (
          <motion.div key="typing" className="flex items-center gap-2" initial={{ opacity: 0 }} animate={{ opacity: 1 }} exit={{ opacity: 0 }} transition={fade}>
            {first ? <PersonAvatar user={first} size={20} /> : null}
            <span className="dots" aria-hidden="true">
              <i />
              <i />
              <i />
            </span>
            <bdi className="truncate">{text}</bdi>
          </motion.div>
        ) : null}
      </AnimatePresence>
    </div>
  )
}
