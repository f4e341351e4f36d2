// SPDX-License-Identifier: GPL-3.0-or-later
import { useEffect, useId, useRef, type ReactNode } from 'react'

/** A modal dialog of the browser's own: it keeps the focus in, and Esc closes it. */
export function Dialog({ title, start, end, onClose, children, wide = false }: { title: string; start?: ReactNode; end?: ReactNode; onClose: () => void; children: ReactNode; wide?: boolean }) {
  const ref = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    const before = document.activeElement
    ref.current?.showModal()
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true })
    }
  }, [])
  return (
    <dialog
      ref={ref}
      className={'dialog' + (wide ? ' dialog-wide' : '')}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onClose={onClose}
      onPointerDown={(event) => {
        // The backdrop is the dialog itself.
        if (event.target === event.currentTarget) onClose()
      }}
    >
      <div className="dialog-body">
        <header className="dialog-header">
          <div className="flex-1">{start}</div>
          <h2 id={id} className="title text-center">
            {title}
          </h2>
          <div className="flex flex-1 justify-end">{end}</div>
        </header>
        {children}
      </div>
    </dialog>
  )
}
