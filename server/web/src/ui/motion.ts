// SPDX-License-Identifier: GPL-3.0-or-later
// The springs of the design; the desktop client's have the same names.
import type { Transition } from 'motion/react'

/** The list slides when a message arrives: critically damped. */
export const arrive: Transition = { type: 'spring', stiffness: 272, damping: 33, mass: 1 }
/** Rows of a list change places, panes come and go. */
export const settle: Transition = { type: 'spring', stiffness: 500, damping: 45, mass: 1 }
/** Badges and counts pop. */
export const pop: Transition = { type: 'spring', stiffness: 700, damping: 32, mass: 1 }
/** Banners and strips. */
export const reveal: Transition = { duration: 0.2, ease: [0.215, 0.61, 0.355, 1] }
/** Tiles of a call change places; the floating call snaps to a corner. */
export const tiles: Transition = { type: 'spring', stiffness: 300, damping: 31, mass: 1 }
export const fade: Transition = { duration: 0.1 }
