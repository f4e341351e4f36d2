// SPDX-License-Identifier: GPL-3.0-or-later
import { AnimatePresence, motion } from 'motion/react'
import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from 'react'
import { Icon, type IconName } from './Icon'

export interface MenuItem {
  label: string
  icon?: IconName
  checked?: boolean
  danger?: boolean
  act: () => void
}

/** Stands above the items that follow it. */
export interface MenuHeading {
  heading: string
}

/** A button that opens a menu below it. `sections` are divided by lines. */
export function MenuButton({ label, className, children, head, sections, align = 'end' }: { label: string; className: string; children: ReactNode; head?: ReactNode; sections: (MenuItem | MenuHeading)[][]; align?: 'start' | 'end' }) {
  const [open, setOpen] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)

  useEffect(() => {
    if (!open) return undefined
    root.current?.querySelector<HTMLElement>('[role^="menuitem"]')?.focus()
    const outside = (event: PointerEvent) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false)
    }
    document.addEventListener('pointerdown', outside)
    return () => document.removeEventListener('pointerdown', outside)
  }, [open])

  const close = () => {
    setOpen(false)
    button.current?.focus()
  }

  const onKeyDown = (event: KeyboardEvent) => {
    if (!open) return
    const items = [...(root.current?.querySelectorAll<HTMLElement>('[role^="menuitem"]') ?? [])]
    const at = items.indexOf(document.activeElement as HTMLElement)
    const step = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key]
    if (step !== undefined) {
      items[(step + items.length) % items.length]?.focus()
    } else if (event.key === 'Escape' || event.key === 'Tab') {
      close()
      if (event.key === 'Tab') return
    } else {
      return
    }
    event.preventDefault()
    event.stopPropagation()
  }

  return (
    <div className="menu-root" ref={root} onKeyDown={onKeyDown}>
      <button ref={button} type="button" className={className} aria-haspopup="menu" aria-expanded={open} aria-label={label} title={label} onClick={() => setOpen(!open)}>
        {children}
      </button>
      <AnimatePresence>
        {open ? (
          <motion.div className={'menu ' + align} role="menu" aria-label={label} initial={{ opacity: 0, scale: 0.96 }} animate={{ opacity: 1, scale: 1 }} exit={{ opacity: 0 }} transition={{ duration: 0.12 }}>
            {head}
            {sections.map((items, index) => (
              <div key={index} role="group" className="menu-section">
                {items.map((item) =>
                  'heading' in item ? (
                    <div key={item.heading} className="menu-heading" role="presentation">
                      {item.heading}
                    </div>
                  ) : (
                    <button
                      key={item.label}
                      type="button"
                      role={item.checked === undefined ? 'menuitem' : 'menuitemradio'}
                      aria-checked={item.checked}
                      tabIndex={-1}
                      className={'menu-item' + (item.danger ? ' danger' : '')}
                      onClick={() => {
                        close()
                        item.act()
                      }}
                    >
                      <span className="menu-mark">{item.checked ? <Icon name="check" /> : item.icon ? <Icon name={item.icon} /> : null}</span>
                      {item.label}
                    </button>
                  ),
                )}
              </div>
            ))}
          </motion.div>
        ) : null}
      </AnimatePresence>
    </div>
  )
}
