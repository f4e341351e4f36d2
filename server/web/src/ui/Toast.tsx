// SPDX-License-Identifier: GPL-3.0-or-later
import { AnimatePresence, motion } from 'motion/react'
import { useEffect } from 'react'
import { client } from '../lib/client'
import { useTopics } from './hooks'
import { settle } from './motion'

/** One sentence about something that has no field of its own to say it in. */
export function Toast() {
  useTopics(client.topics, 'toast')
  const toast = client.toast
  useEffect(() => {
    if (!toast) return undefined
    const timer = setTimeout(() => client.hush(toast.id), 5_000)
    return () => clearTimeout(timer)
  }, [toast])
  return (
    <div className="toast-place" role="status">
      <AnimatePresence>
        {toast ? (
          <motion.div key={toast.id} className="toast" initial={{ opacity: 0, y: 18 }} animate={{ opacity: 1, y: 0 }} exit={{ opacity: 0 }} transition={settle}>
            {toast.text}
          </motion.div>
        ) : null}
      </AnimatePresence>
    </div>
  )
}
