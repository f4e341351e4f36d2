// SPDX-License-Identifier: GPL-3.0-or-later
// Symbolic icons on a 16-unit grid, drawn for Klatch, in the colour of the text.

// In the script: it is shown, too, where the server does not answer.
import icon from '../icon.svg?inline'

const stroke = { fill: 'none', stroke: 'currentColor', strokeWidth: 1.8, strokeLinecap: 'round', strokeLinejoin: 'round' } as const

const ICONS = {
  search: <path {...stroke} strokeWidth={2} d="M6.75 11.5a4.75 4.75 0 1 0 0-9.5 4.75 4.75 0 0 0 0 9.5zM10.500 10.500 14 14" />,
  'new-group': <path {...stroke} strokeWidth={2} d="M14 6V4.500A2.500 2.500 0 0 0 11.500 2h-7A2.500 2.500 0 0 0 2 4.500v4A2.500 2.500 0 0 0 4.500 11H5v3l3-3M12 9v6M9 12h6" />,
  people: (
    <path
      fill="currentColor"
      d="M5.500 1.750a2.750 2.750 0 1 1 0 5.500 2.750 2.750 0 0 1 0-5.500zM.5 13.500c0-3 1.900-5 5-5s5 2 5 5c0 .5-.3.8-.8.8H1.300c-.5 0-.8-.3-.8-.8zM11.500 3.750a2.250 2.250 0 1 1 0 4.500 2.250 2.250 0 0 1 0-4.500zM11.500 9.300c2.500 0 4 1.700 4 4.200 0 .5-.3.8-.8.8h-3c.1-.3.2-.5.2-.8 0-1.600-.5-3-1.400-4 .3-.1.7-.2 1-.2z"
    />
  ),
  menu: <path fill="currentColor" d="M8 1.500a1.600 1.600 0 1 1 0 3.200 1.600 1.600 0 0 1 0-3.200zm0 4.900a1.600 1.600 0 1 1 0 3.200 1.600 1.600 0 0 1 0-3.200zm0 4.900a1.600 1.600 0 1 1 0 3.200 1.600 1.600 0 0 1 0-3.200z" />,
  close: <path {...stroke} strokeWidth={2} d="M4.500 4.500l7 7m0-7l-7 7" />,
  back: <path {...stroke} strokeWidth={2} d="M10.500 2.500L5 8l5.500 5.500" />,
  forward: <path {...stroke} strokeWidth={2} d="M5.500 2.500L11 8l-5.500 5.500" />,
  down: <path {...stroke} strokeWidth={2} d="m3 6 5 5 5-5" />,
  send: <path fill="currentColor" d="M2.200 1.200 15 7.300c.6.3.6 1.100 0 1.400L2.200 14.800c-.6.3-1.300-.3-1.100-1L2.500 9 9 8 2.500 7 1.100 2.200c-.2-.7.5-1.300 1.100-1z" />,
  pin: <path fill="currentColor" d="M5 1h6c.5 0 1 .4 1 1s-.5 1-1 1h-.5l.5 4 1.700 1.400c.2.2.3.4.3.7 0 .5-.4.9-.9.9H9v4.500L8 16l-1-1.500V10H3.900c-.5 0-.9-.4-.9-.9 0-.3.1-.5.3-.7L5 7l.5-4H5c-.5 0-1-.5-1-1s.5-1 1-1z" />,
  muted: <path {...stroke} strokeWidth={1.5} d="M2.500 11.500H12M4 11.500c.6-1 .9-2.200.9-4M6.300 3.200a3.500 3.500 0 0 1 5.200 3c0 2.300.3 3.600 1 5.300M6.500 14c.8.7 2.200.7 3 0M2 1.500l12 13" />,
  sending: <path {...stroke} strokeWidth={1.5} d="M8 13.500a5.500 5.500 0 1 0 0-11 5.500 5.500 0 0 0 0 11zM8 5v3l2 1.500" />,
  stored: <path {...stroke} strokeWidth={1.5} d="M2.500 8.500 6 12l7-8" />,
  read: <path {...stroke} strokeWidth={1.5} d="m.8 8.700 3 3.100 6-7.300M8 11.200l.6.6 6-7.300" />,
  failed: <path fill="currentColor" fillRule="evenodd" d="M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1zm0 9.700a1 1 0 1 0 0 2 1 1 0 0 0 0-2zM8 3.500c-.6 0-1 .4-1 1l.2 4c0 .5.4.8.8.8s.8-.3.8-.8l.2-4c0-.6-.4-1-1-1z" />,
  plus: <path {...stroke} strokeWidth={2} d="M8 2.500v11M2.500 8h11" />,
  link: <path {...stroke} strokeWidth={2} d="M6.500 5H5a3 3 0 0 0 0 6h1.500M9.500 5H11a3 3 0 0 1 0 6H9.500M5.700 8h4.600" />,
  copy: <path {...stroke} strokeWidth={2} d="M5 10H3.500A1.500 1.500 0 0 1 2 8.500v-5A1.500 1.500 0 0 1 3.500 2h5A1.500 1.500 0 0 1 10 3.500V5M7.500 6h5A1.500 1.500 0 0 1 14 7.500v5a1.500 1.500 0 0 1-1.500 1.500h-5A1.500 1.500 0 0 1 6 12.500v-5A1.500 1.500 0 0 1 7.500 6z" />,
  eye: (
    <path fill="currentColor" fillRule="evenodd" d="M8 2.800c3.300 0 5.900 2 7.400 5.200C13.900 11.200 11.300 13.200 8 13.200S2.100 11.200.6 8C2.100 4.800 4.700 2.800 8 2.800zM8 4.700a3.300 3.300 0 1 0 0 6.600 3.300 3.300 0 0 0 0-6.600zm0 1.700a1.600 1.600 0 1 1 0 3.200 1.600 1.600 0 0 1 0-3.200z" />
  ),
  'eye-off': <path {...stroke} strokeWidth={1.600} d="M2.200 2.200l11.600 11.600M6.200 3.600A7 7 0 0 1 8 3.400c2.900 0 5.200 1.800 6.500 4.600a9 9 0 0 1-1.700 2.500M10.400 12.100A6.500 6.500 0 0 1 8 12.600C5.100 12.600 2.800 10.800 1.500 8A9 9 0 0 1 4 4.900" />,
  edit: <path fill="currentColor" d="M10.300 2.700l3 3-7.500 7.500-3.600.9a.4.4 0 0 1-.5-.5l.9-3.500zm1-1l.7-.6c.6-.6 1.400-.6 2 0l.9.9c.6.6.6 1.400 0 2l-.6.700z" />,
  check: <path {...stroke} strokeWidth={2} d="M2.800 8.500l3.400 3.500 7-8" />,
  leave: <path {...stroke} strokeWidth={2} d="M6 2H4.500A2.500 2.500 0 0 0 2 4.500v7A2.500 2.500 0 0 0 4.500 14H6M6.500 8H14m-3-3 3 3-3 3" />,
  call: <path fill="currentColor" d="M4.200 1.600c.5-.3 1.100-.1 1.400.4l1.300 2.300c.3.500.2 1-.2 1.400l-1 .9a9 9 0 0 0 3.700 3.700l.9-1c.4-.4.9-.5 1.400-.2l2.300 1.300c.5.3.7.9.4 1.400l-.8 1.500c-.4.7-1.100 1.100-1.900 1C6 14 2 10 1.700 4.300c0-.8.3-1.500 1-1.900z" />,
  'hang-up': <path fill="currentColor" d="M8 5c3.100 0 5.700 1 7.200 2.700.5.600.7 1.400.4 2.100l-.5 1.300c-.2.500-.8.800-1.300.6l-2.500-.7c-.5-.1-.8-.6-.8-1.100l.1-1.200a8.500 8.500 0 0 0-5.200 0l.1 1.200c0 .5-.3 1-.8 1.100l-2.500.7c-.5.2-1.100-.1-1.300-.6L.4 9.800C.1 9.100.3 8.300.8 7.700 2.300 6 4.900 5 8 5z" />,
  camera: <path fill="currentColor" d="M3 3.500h5.500A2.500 2.500 0 0 1 11 6v4a2.500 2.500 0 0 1-2.500 2.500H3A2.500 2.500 0 0 1 .500 10V6A2.500 2.500 0 0 1 3 3.500zm9 3.200 2.700-2c.3-.2.8 0 .8.500v5.600c0 .5-.5.700-.8.500l-2.700-2z" />,
  'camera-off': <path {...stroke} strokeWidth={1.700} d="M1.500 2l12.500 12M6 4h2.500A1.500 1.500 0 0 1 10 5.500V8M10 11.300c-.3.4-.8.700-1.500.700H3A1.500 1.500 0 0 1 1.500 10.500v-5c0-.5.2-.9.500-1.100M12.300 9.200l2.200 1.600V5.200l-2.200 1.600" />,
  mic: <path fill="currentColor" d="M8 .8A2.700 2.700 0 0 1 10.700 3.500v4a2.700 2.700 0 0 1-5.400 0v-4A2.700 2.700 0 0 1 8 .8zM3.800 7c.5 0 .8.300.9.800a3.300 3.300 0 0 0 6.600 0c0-.5.4-.8.900-.8s.9.400.8.900a5 5 0 0 1-4.100 4.400v1.700h1.300a.8.800 0 0 1 0 1.500H5.800a.8.800 0 0 1 0-1.500h1.300v-1.700A5 5 0 0 1 3 7.900c0-.5.300-.9.800-.9z" />,
  'mic-off': <path {...stroke} strokeWidth={1.700} d="M2 1.800l12 12.400M5.900 6.200V3.600a2.100 2.100 0 0 1 4.200 0v4c0 .3 0 .5-.1.700M6.300 8.900A2.100 2.100 0 0 0 8.300 9.700M3.800 7.800a4.200 4.200 0 0 0 6.300 3.600M12.200 7.800c0 .7-.2 1.300-.4 1.900M8 12v2.600M5.600 14.700h4.800" />,
  'share-screen': <path {...stroke} strokeWidth={1.800} d="M2 6V4.500A1.500 1.500 0 0 1 3.500 3h9A1.500 1.500 0 0 1 14 4.500v6a1.500 1.500 0 0 1-1.500 1.500H9M2 13h.010M2 10.500A2.500 2.500 0 0 1 4.500 13M2 8a5 5 0 0 1 5 5" />,
  smile: <path fill="currentColor" fillRule="evenodd" d="M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1zM5.600 5a1.200 1.200 0 1 0 0 2.400 1.200 1.200 0 0 0 0-2.400zm4.800 0a1.200 1.200 0 1 0 0 2.400 1.200 1.200 0 0 0 0-2.400zM4.600 9.200c-.4 0-.6.4-.5.7C4.600 11.700 6.200 13 8 13s3.400-1.300 3.900-3.100c.1-.3-.1-.7-.5-.7z" />,
  chat: <path fill="currentColor" d="M4 2h8a2.500 2.500 0 0 1 2.500 2.500v5A2.500 2.500 0 0 1 12 12H8.500L5 15v-3H4a2.500 2.500 0 0 1-2.500-2.500v-5A2.500 2.500 0 0 1 4 2z" />,
  speaking: <path {...stroke} strokeWidth={1.700} d="M2 6.300h2L7 3.500v9L4 9.700H2zM9.500 6a3 3 0 0 1 0 4M11.700 4a6 6 0 0 1 0 8" />,
  shrink: <path {...stroke} strokeWidth={2} d="M9.500 3v3.500H13M14 2 9.500 6.500M6.500 13V9.500H3M2 14l4.500-4.500" />,
  grow: <path {...stroke} strokeWidth={2} d="M9.500 2.500h4V6.500M13.500 2.500 9.500 6.500M6.500 13.500h-4V9.500M2.500 13.500l4-4" />,
  retry: <path {...stroke} d="M13.500 8A5.500 5.500 0 1 1 11.800 4M13.500 1.800v3h-3" />,
} as const

export type IconName = keyof typeof ICONS

/** Decoration: the name is said by what carries it. */
export function Icon({ name, size = 16, className = '' }: { name: IconName; size?: number; className?: string }) {
  const mirrored = name === 'back' || name === 'forward' || name === 'send' || name === 'leave' || name === 'new-group'
  return (
    <svg viewBox="0 0 16 16" width={size} height={size} aria-hidden="true" focusable="false" className={'icon shrink-0 ' + (mirrored ? 'mirrored ' : '') + className}>
      {ICONS[name]}
    </svg>
  )
}

/** The application's own icon, the tab's. */
export function Logo({ size = 72 }: { size?: number }) {
  return <img src={icon} width={size} height={size} alt="" />
}
