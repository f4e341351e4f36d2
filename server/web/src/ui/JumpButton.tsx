// SPDX-License-Identifier: GPL-3.0-or-later
import { AnimatePresence, motion } from 'motion/react'
import { n, t } from '../lib/i18n'
import type { Room } from '../lib/room'
import { Roll } from './GroupRow'
import { useSession, useTopics } from './hooks'
import { Icon } from './Icon'
import { pop } from './motion'

export function JumpButton({ room, shown, onClick }: { room: Room; shown: boolean; onClick: () => void }) {
  const { engine } = useSession()
  useTopics(engine.topics, 'g:' + room.id)
  const unread = room.group.mine?.unread ?? 0
  const label = unread > 0 ? n('To the newest, {count} unread', 'To the newest, {count} unread', unread) : t('To the newest')
  return (
    <AnimatePresence>
      {shown ? (
        <motion.button
          type="button"
          className="jump-button"
          aria-label={label}
          title={t('To the newest')}
          onClick={onClick}
          initial={{ opacity: 0, scale: 0.8 }}
          animate={{ opacity: 1, scale: 1 }}
          exit={{ opacity: 0, scale: 0.8, transition: { duration: 0.1 } }}
          transition={pop}
        >
          <Icon name="down" />
          {unread > 0 ? (
            <span className="jump-count tabular">
              <Roll value={unread} max={999} />
            </span>
          ) : null}
        </motion.button>
      ) : null}
    </AnimatePresence>
  )
}
