// SPDX-License-Identifier: GPL-3.0-or-later
// The panel beside the sign-in: a small talk among people.
import { motion } from 'motion/react'
import kofi from '../../../../app/ui/art/kl-face-kofi.svg'
import lena from '../../../../app/ui/art/kl-face-lena.svg'
import mateo from '../../../../app/ui/art/kl-face-mateo.svg'
import noor from '../../../../app/ui/art/kl-face-noor.svg'
import saoirse from '../../../../app/ui/art/kl-face-saoirse.svg'
import tunde from '../../../../app/ui/art/kl-face-tunde.svg'
import yuki from '../../../../app/ui/art/kl-face-yuki.svg'
import { t } from '../lib/i18n'
import { settle } from './motion'

/** Drawn once, for both clients. */
function Face({ source, size }: { source: string; size: number }) {
  return <img src={source} width={size} height={size} alt="" className="shrink-0 rounded-full" draggable={false} />
}

export function Faces({ size = 36 }: { size?: number }) {
  return (
    <span className="faces flex" aria-hidden="true">
      {[noor, tunde, yuki, kofi, lena].map((face) => (
        <Face key={face} source={face} size={size} />
      ))}
    </span>
  )
}

export function ArtPanel() {
  const lines = [
    { face: noor, text: t('The kettle is on ☕') },
    { face: tunde, text: t('Two minutes, bringing cake 🍰') },
    { face: undefined, text: t('Save me a slice!') },
    { face: yuki, text: t('Room for one more?') },
  ]
  return (
    <aside className="art-panel">
      <div>
        <h2 className="art-title">{t('Everyone, in one room.')}</h2>
        <p className="art-sub">{t('Groups that show who is here right now.')}</p>
      </div>
      <div className="grid gap-6" aria-hidden="true">
        {lines.map((line, index) => (
          <motion.div
            key={line.text}
            className={'flex items-center gap-3 ' + (line.face ? '' : 'justify-end')}
            initial={{ opacity: 0, y: 12, scale: 0.96 }}
            animate={{ opacity: 1, y: 0, scale: 1 }}
            transition={{ ...settle, delay: 0.15 + index * 0.12 }}
          >
            {line.face ? <Face source={line.face} size={44} /> : null}
            <span className={'art-bubble' + (line.face ? '' : ' own')}>{line.text}</span>
          </motion.div>
        ))}
      </div>
      <div className="flex items-center gap-4" aria-hidden="true">
        <span className="faces flex">
          {[saoirse, mateo, lena, kofi].map((face) => (
            <Face key={face} source={face} size={36} />
          ))}
        </span>
        <span className="font-bold">{t('Pull up a chair')}</span>
      </div>
    </aside>
  )
}
