// SPDX-License-Identifier: GPL-3.0-or-later
// The call that this page is in: all of the window, or floating over the conversation. Always dark.
import { AnimatePresence, motion, useMotionValue, animate } from 'motion/react'
import { useEffect, useRef, useState, type ReactNode } from 'react'
import type { Peer } from '../lib/call/peer'
import { duration } from '../lib/format'
import { n, t } from '../lib/i18n'
import { router } from '../lib/router'
import type { User } from '../lib/types'
import { GroupTile, PersonAvatar } from './Avatar'
import { useSession, useTopics } from './hooks'
import { Icon, type IconName } from './Icon'
import { pop, settle, tiles } from './motion'

const HIDE_BAR_MS = 3_000
const EMOJI = ['👍', '❤️', '😂', '🎉', '👏', '😮']

/** Counts up by the second. */
export function Elapsed({ since }: { since: number }) {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [])
  return <span className="tabular">{duration(Math.max(0, now - since))}</span>
}

export function useCall() {
  const session = useSession()
  useTopics(session.engine.topics, 'call')
  return session.calls
}

export function nameOf(users: Map<string, User>, id: string): Pick<User, 'id' | 'display_name'> {
  return users.get(id) ?? { id, display_name: t('Somebody') }
}

/** The element plays the stream, also after its tracks have changed. */
function useStream<E extends HTMLMediaElement>(stream: MediaStream) {
  const ref = useRef<E>(null)
  useEffect(() => {
    const element = ref.current
    if (!element) return
    if (element.srcObject !== stream) element.srcObject = stream
    void element.play().catch(() => undefined)
  })
  return ref
}

export function Video({ stream, label, mirrored = false, muted = false, contain = false }: { stream: MediaStream; label?: string; mirrored?: boolean; muted?: boolean; contain?: boolean }) {
  const ref = useStream<HTMLVideoElement>(stream)
  return <video ref={ref} className={'call-video' + (mirrored ? ' mirror' : '') + (contain ? ' contain' : '')} autoPlay playsInline muted={muted} aria-label={label} />
}

interface TileProps {
  id: string
  user: Pick<User, 'id' | 'display_name'>
  own?: boolean
  audio: boolean
  video: boolean
  screen: boolean
  hand: boolean
  speaking: boolean
  state: Peer['state']
  stream: MediaStream
  emoji: string[]
  small?: boolean
}

function Tile({ id, user, own = false, audio, video, screen, hand, speaking, state, stream, emoji, small = false }: TileProps) {
  const label = [
    own ? t('{name} (you)', { name: user.display_name }) : user.display_name,
    ...(audio ? [] : [t('muted')]),
    ...(video || screen ? [] : [t('camera off')]),
    ...(hand ? [t('hand raised')] : []),
    ...(state === 'reconnecting' ? [t('Reconnecting…')] : []),
  ].join(', ')
  return (
    <motion.div layout layoutId={(small ? 'small:' : 'tile:') + id} transition={tiles} className={'call-tile' + (speaking && audio ? ' speaking' : '') + (state === 'reconnecting' ? ' lost' : '')} role="group" aria-label={label} initial={{ opacity: 0, scale: 0.9 }} animate={{ opacity: 1, scale: 1 }} exit={{ opacity: 0, scale: 0.9 }}>
      <Video stream={stream} mirrored={own && !screen} muted={own} contain={screen} />
      {video || screen ? null : (
        <span className="call-nobody">
          <span className="call-halo">
            <PersonAvatar user={user} size={small ? 48 : 112} />
          </span>
        </span>
      )}
      {hand ? (
        <span className="call-hand" aria-hidden="true">
          ✋
        </span>
      ) : null}
      <span className="call-name" aria-hidden="true">
        {speaking && audio ? <Icon name="speaking" size={14} className="call-green" /> : audio ? null : <Icon name="mic-off" size={14} />}
        <bdi className="truncate">{own ? t('{name} (you)', { name: user.display_name }) : user.display_name}</bdi>
        {video || screen ? null : <Icon name="camera-off" size={14} />}
      </span>
      {state === 'connected' || own ? null : <span className="call-waiting">{state === 'reconnecting' ? t('Reconnecting…') : t('Connecting…')}</span>}
      <AnimatePresence>
        {emoji.map((each, index) => (
          <motion.span key={index + each} className="call-emoji emoji" aria-hidden="true" initial={{ y: 20, opacity: 0, scale: 0.6 }} animate={{ y: -30, opacity: 1, scale: 1 }} exit={{ opacity: 0 }} transition={pop}>
            {each}
          </motion.span>
        ))}
      </AnimatePresence>
    </motion.div>
  )
}

function useTiles(): TileProps[] {
  const { engine, calls } = useSession()
  const { current, media } = calls
  if (!current) return []
  const emojiOf = (peer: string) => calls.reactions.filter((each) => each.peer === peer).map((each) => each.emoji)
  const others = [...current.peers.values()].map((peer) => ({
    id: peer.id, user: nameOf(engine.users, peer.user), audio: peer.audio, video: peer.video && !peer.screen, screen: peer.screen, hand: peer.hand,
    speaking: peer.speaking, state: peer.state, stream: peer.stream, emoji: emojiOf(peer.id),
  }))
  const own: TileProps = {
    id: current.peer, user: engine.me, own: true, audio: media.audioOn, video: media.videoOn && !media.screenOn, screen: media.screenOn, hand: current.hand,
    speaking: media.speaking, state: 'connected', stream: media.preview, emoji: emojiOf(current.peer),
  }
  return [...others, own]
}

function Round({ icon, label, keys, off = false, danger = false, badge, onClick, pressed }: { icon: IconName; label: string; keys?: string; off?: boolean; danger?: boolean; badge?: number; onClick: () => void; pressed?: boolean }) {
  return (
    <button type="button" className={'call-round' + (off ? ' off' : '') + (danger ? ' danger' : '')} aria-label={label} aria-pressed={pressed} aria-keyshortcuts={keys} title={keys ? `${label} (${keys})` : label} onClick={onClick}>
      <Icon name={icon} size={20} />
      {badge ? <span className="call-badge tabular">{badge}</span> : null}
    </button>
  )
}

/** `keys`: while they are heard (useCallKeys). */
export function MicButton({ keys }: { keys?: string }) {
  const { media } = useCall()
  return <Round icon={media.audioOn ? 'mic' : 'mic-off'} label={media.audioOn ? t('Mute') : t('Unmute')} keys={keys} off={!media.audioOn} onClick={() => media.setMuted(media.audioOn)} />
}

export function CameraButton({ keys }: { keys?: string }) {
  const { media } = useCall()
  return <Round icon={media.videoOn ? 'camera' : 'camera-off'} label={media.videoOn ? t('Turn camera off') : t('Turn camera on')} keys={keys} off={!media.videoOn} onClick={() => void media.setCamera(!media.videoOn)} />
}

function LeaveButton() {
  const calls = useCall()
  return <Round icon="hang-up" label={t('Leave the call')} danger onClick={() => calls.leave()} />
}

function Bar({ unread, onChat }: { unread: number; onChat: () => void }) {
  const calls = useCall()
  const { media, current } = calls
  const [emoji, setEmoji] = useState(false)
  const canShare = typeof navigator.mediaDevices?.getDisplayMedia === 'function'
  return (
    <div className="call-bar" role="toolbar" aria-label={t('Call')}>
      <MicButton keys="M" />
      <CameraButton keys="V" />
      {canShare ? <Round icon="share-screen" label={media.screenOn ? t('Stop sharing the screen') : t('Share the screen')} keys="S" pressed={media.screenOn} onClick={() => void media.setScreen(!media.screenOn)} /> : null}
      <span className="relative">
        <Round icon="smile" label={t('React')} pressed={emoji} onClick={() => setEmoji(!emoji)} />
        <AnimatePresence>
          {emoji ? (
            <motion.span className="call-palette" role="group" aria-label={t('React')} initial={{ opacity: 0, y: 6 }} animate={{ opacity: 1, y: 0 }} exit={{ opacity: 0 }} transition={{ duration: 0.12 }}>
              {EMOJI.map((each) => (
                <button key={each} type="button" className="call-pick emoji" aria-label={t('React with {emoji}', { emoji: each })} onClick={() => { calls.react(each); setEmoji(false) }}>
                  {each}
                </button>
              ))}
              <button type="button" className="call-pick emoji" aria-pressed={current?.hand} aria-label={current?.hand ? t('Lower your hand') : t('Raise your hand')} onClick={() => { calls.raiseHand(!current?.hand); setEmoji(false) }}>
                ✋
              </button>
            </motion.span>
          ) : null}
        </AnimatePresence>
      </span>
      <Round icon="chat" label={unread > 0 ? n('Chat, {count} unread', 'Chat, {count} unread', unread) : t('Chat')} badge={unread > 99 ? 99 : unread} onClick={onChat} />
      <LeaveButton />
    </div>
  )
}

/** The words under the pictures: what stands in the way, else how one is heard. */
function Hint() {
  const { media, current } = useCall()
  let text: ReactNode
  let icon: IconName = media.audioOn ? 'mic' : 'mic-off'
  if (current?.adrift) text = t('No connection to the server. The call goes on.')
  else if (media.audioTrouble === 'refused') text = t('The browser does not let Klatch use the microphone.')
  else if (media.audioTrouble) text = t('There is no microphone. The others do not hear you.')
  else if (media.videoTrouble === 'refused') [icon, text] = ['camera-off', t('The browser does not let Klatch use the camera.')]
  else if (media.videoTrouble === 'busy') [icon, text] = ['camera-off', t('Another program is using the camera.')]
  else if (media.audioOn) text = t('Your microphone is on. Hold Space to mute.')
  else text = t('Your microphone is off.')
  return (
    <p className="call-hint secondary" role="status">
      <Icon name={icon} size={14} />
      <span>{text}</span>
    </p>
  )
}

/** M V H S, and Space mutes while it is held. */
function useCallKeys(): void {
  const { calls } = useSession()
  useEffect(() => {
    let held = false
    const editing = (event: KeyboardEvent) => event.target instanceof HTMLElement && (event.target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName))
    const down = (event: KeyboardEvent) => {
      if (!calls.current || event.ctrlKey || event.altKey || event.metaKey || editing(event) || document.querySelector('dialog[open]')) return
      const { media } = calls
      const key = event.key.toLowerCase()
      if (key === ' ' && !(event.target instanceof HTMLButtonElement)) {
        if (!event.repeat && media.audioOn) {
          held = true
          media.setMuted(true)
        }
      } else if (event.repeat) return
      else if (key === 'm') media.setMuted(media.audioOn)
      else if (key === 'v') void media.setCamera(!media.videoOn)
      else if (key === 'h') calls.raiseHand(!calls.current.hand)
      else if (key === 's') void media.setScreen(!media.screenOn)
      else return
      event.preventDefault()
    }
    const up = (event: KeyboardEvent) => {
      if (event.key !== ' ' || !held) return
      held = false
      if (calls.current) calls.media.setMuted(false)
    }
    addEventListener('keydown', down)
    addEventListener('keyup', up)
    return () => {
      removeEventListener('keydown', down)
      removeEventListener('keyup', up)
    }
  }, [calls])
}

export function CallView({ floating, onFloat, onFill }: { floating: boolean; onFloat: () => void; onFill: () => void }) {
  const calls = useCall()
  useCallKeys()
  return <AnimatePresence>{calls.current ? floating ? <Floating key="floating" onFill={onFill} /> : <Stage key="stage" onFloat={onFloat} /> : null}</AnimatePresence>
}

function Stage({ onFloat }: { onFloat: () => void }) {
  const { engine, calls } = useSession()
  useTopics(engine.topics, 'call', 'names', 'groups')
  const all = useTiles()
  const root = useRef<HTMLDivElement>(null)
  const [shown, setShown] = useState(true)
  useEffect(() => {
    const before = document.activeElement
    root.current?.focus()
    let timer = setTimeout(() => setShown(false), HIDE_BAR_MS)
    const wake = () => {
      setShown(true)
      clearTimeout(timer)
      timer = setTimeout(() => setShown(false), HIDE_BAR_MS)
    }
    const element = root.current!
    element.addEventListener('pointermove', wake)
    element.addEventListener('pointerdown', wake)
    element.addEventListener('keydown', wake)
    return () => {
      clearTimeout(timer)
      element.removeEventListener('pointermove', wake)
      element.removeEventListener('pointerdown', wake)
      element.removeEventListener('keydown', wake)
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true })
    }
  }, [])
  const { current } = calls
  if (!current) return null
  const room = engine.rooms.get(current.group)
  const chat = () => {
    router.go({ at: 'group', id: current.group, seq: undefined })
    onFloat()
  }
  const columns = all.length <= 1 ? 1 : all.length <= 4 ? 2 : 3
  return (
    <motion.div ref={root} className={'call-stage' + (shown ? '' : ' quiet')} tabIndex={-1} role="region" aria-label={t('Call in {group}', { group: room?.group.name ?? '' })} initial={{ opacity: 0 }} animate={{ opacity: 1 }} exit={{ opacity: 0 }} transition={settle}>
      <header className="call-header">
        {room ? <GroupTile group={room.group} size={36} /> : null}
        <span className="min-w-0">
          <bdi className="title block truncate">{room?.group.name}</bdi>
          <span className="secondary call-dim">
            <Elapsed since={current.startedAt} /> · {n('{count} person', '{count} people', all.length)}
          </span>
        </span>
        <span className="flex-1" />
        <button type="button" className="call-icon" aria-label={t('Make the call small')} title={t('Make the call small')} onClick={onFloat}>
          <Icon name="shrink" />
        </button>
      </header>
      <div className="call-grid" data-columns={columns} data-count={all.length}>
        <AnimatePresence>
          {all.map((each) => (
            <Tile key={each.id} {...each} />
          ))}
        </AnimatePresence>
        {all.length === 1 ? <Alone /> : null}
      </div>
      <footer className="call-footer">
        <Hint />
        <Bar unread={room?.group.mine?.unread ?? 0} onChat={chat} />
        <span />
      </footer>
    </motion.div>
  )
}

/** Nobody else is there yet. */
function Alone() {
  const { engine, calls } = useSession()
  const [rang, setRang] = useState(false)
  const room = calls.current ? engine.rooms.get(calls.current.group) : undefined
  const ring = async () => {
    setRang(true)
    await calls.ring().catch(() => setRang(false))
  }
  return (
    <div className="call-alone">
      <p className="title">{t('Nobody else is here yet')}</p>
      <p className="secondary call-dim">{t('The group sees that the call is on.')}</p>
      {room && room.group.members <= 50 ? (
        <button type="button" className="button small" disabled={rang} onClick={() => void ring()}>
          {rang ? t('Ringing…') : t('Ring everybody')}
        </button>
      ) : null}
    </div>
  )
}

const EDGE = 18
/** Above the line one writes in. */
const REST = 74

function Floating({ onFill }: { onFill: () => void }) {
  const { engine, calls } = useSession()
  useTopics(engine.topics, 'call', 'names')
  const all = useTiles()
  const x = useMotionValue(0)
  const y = useMotionValue(0)
  const ref = useRef<HTMLDivElement>(null)
  const { current } = calls
  if (!current) return null
  const room = engine.rooms.get(current.group)
  const others = all.filter((each) => !each.own)
  const speaker = others.find((each) => each.speaking && each.audio) ?? others[0] ?? all[0]!
  const own = others.length > 0 ? all.at(-1)! : undefined

  /** Into the nearest corner. It rests in the lower one at the end of the line. */
  const toCorner = () => {
    const box = ref.current?.getBoundingClientRect()
    if (!box) return
    const rtl = getComputedStyle(document.documentElement).direction === 'rtl'
    const left = box.left + box.width / 2 < innerWidth / 2
    const top = box.top + box.height / 2 < innerHeight / 2
    const home = rtl ? EDGE : innerWidth - box.width - EDGE
    void animate(x, (left ? EDGE : innerWidth - box.width - EDGE) - home, tiles)
    void animate(y, top ? -(innerHeight - box.height - EDGE - REST) : 0, tiles)
  }
  return (
    <motion.div ref={ref} className="call-floating" role="region" aria-label={t('Call in {group}', { group: room?.group.name ?? '' })} drag dragMomentum={false} style={{ x, y }} onDragEnd={toCorner} initial={{ opacity: 0, scale: 0.8 }} animate={{ opacity: 1, scale: 1 }} exit={{ opacity: 0, scale: 0.8 }} transition={tiles}>
      <div className="call-floating-picture">
        <Tile {...speaker} small />
        {own ? (
          <div className="call-self">
            <Video stream={own.stream} mirrored={!own.screen} muted />
            {own.video || own.screen ? null : <PersonAvatar user={own.user} size={30} />}
          </div>
        ) : null}
        {/* Everybody is heard, not only who is seen. */}
        {others.filter((each) => each.id !== speaker.id).map((each) => <Sound key={each.id} stream={each.stream} />)}
        <button type="button" className="call-icon fill" aria-label={t('Make the call large')} title={t('Make the call large')} onClick={onFill}>
          <Icon name="grow" />
        </button>
      </div>
      <div className="call-floating-bar">
        <span className="min-w-0 flex-1">
          <bdi className="block truncate font-bold">{room?.group.name}</bdi>
          <span className="meta call-dim">
            <Elapsed since={current.startedAt} /> · {n('{count} person', '{count} people', all.length)}
          </span>
        </span>
        <MicButton keys="M" />
        <CameraButton keys="V" />
        <LeaveButton />
      </div>
    </motion.div>
  )
}

function Sound({ stream }: { stream: MediaStream }) {
  const ref = useStream<HTMLAudioElement>(stream)
  return <audio ref={ref} autoPlay />
}
