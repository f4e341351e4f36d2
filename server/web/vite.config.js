// SPDX-License-Identifier: GPL-3.0-or-later
import react from '@vitejs/plugin-react'
import tailwindcss from '@tailwindcss/vite'
import { words } from './words.js'

/** @type {import('vite').UserConfig & { test: object }} */
export default {
  plugins: [react(), tailwindcss(), words()],
  // The server's policy refuses data: scripts and styles; every asset is a file of its own.
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: 'es2023', reportCompressedSize: false, chunkSizeWarningLimit: 1000 },
  test: { environment: 'node', include: ['test/**/*.test.{js,ts}'], cache: false },
}
