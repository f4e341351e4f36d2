// SPDX-License-Identifier: GPL-3.0-or-later
import { createRoot } from 'react-dom/client'
import { client } from './lib/client'
import { router } from './lib/router'
import { loadWords } from './lib/words'
import { App } from './ui/App'
import { applyStyle, savedStyle } from './ui/style-choice'

applyStyle(savedStyle())
router.start()
await loadWords()
void client.start()
createRoot(document.getElementById('root')!).render(<App />)
