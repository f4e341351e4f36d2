// SPDX-License-Identifier: GPL-3.0-or-later
// Before a call: how one will be seen and heard. And a call that rings.
import { AnimatePresence, motion } from 'motion/react'
import { useEffect, useRef, useState } from 'react'
import type { Media, Trouble } from '../lib/call/media'
import type { Ring } from '../lib/call/calls'
import { client } from '../lib/client'
import { toCallError } from '../lib/errors'
import { n, t } from '../lib/i18n'
import type { Room } from '../lib/room'
import { GroupTile, PersonAvatar } from './Avatar'
import { CameraButton, MicButton, nameOf, useCall, Video } from './Call'
import { Dialog } from './Dialog'
import { useSession, useTopics } from './hooks'
import { Icon } from './Icon'
import { tiles } from './motion'

const WARNED_KEY = 'klatch:call-warned'

function troubleText(kind: 'audio' | 'video', trouble: Trouble): string | undefined {
  if (trouble === 'refused') return kind === 'audio' ? t('The browser does not let Klatch use the microphone.') : t('The browser does not let Klatch use the camera.')
  if (trouble === 'missing') return kind === 'audio' ? t('No microphone was found. You can join and listen.') : t('No camera was found. You can join without.')
  if (trouble === 'busy') return kind === 'audio' ? t('Another program is using the microphone.') : t('Another program is using the camera.')
  return undefined
}

function Meter({ media }: { media: Media }) {
  const ref = useRef<HTMLSpanElement>(null)
  useEffect(() => {
    let frame = 0
    const draw = () => {
      if (ref.current) ref.current.style.transform = `scaleX(${media.level})`
      frame = requestAnimationFrame(draw)
    }
    frame = requestAnimationFrame(draw)
    return () => cancelAnimationFrame(frame)
  }, [media])
  return (
    <span className="call-meter" aria-hidden="true">
      <span ref={ref} />
    </span>
  )
}

function Preview({ media }: { media: Media }) {
  const { engine } = useSession()
  return (
    <div className="call-preview">
      <Video stream={media.preview} label={t('How the others will see you')} mirrored muted />
      {media.videoOn ? null : (
        <span className="call-nobody">
          <span className="call-halo">
            <PersonAvatar user={engine.me} size={84} />
          </span>
        </span>
      )}
    </div>
  )
}

function Devices({ media, kind, onChoose }: { media: Media; kind: 'audioinput' | 'videoinput'; onChoose: (id: string) => void }) {
  const [devices, setDevices] = useState<MediaDeviceInfo[]>([])
  const track = kind === 'audioinput' ? media.microphone : media.camera
  useEffect(() => {
    let live = true
    const load = () => void media.devices().then((all) => live && setDevices(all.filter((each) => each.kind === kind && each.deviceId)))
    load()
    navigator.mediaDevices?.addEventListener?.('devicechange', load)
    return () => {
      live = false
      navigator.mediaDevices?.removeEventListener?.('devicechange', load)
    }
  }, [media, kind, track])
  if (devices.length < 2) return null
  return (
    <select className="field call-device" aria-label={kind === 'audioinput' ? t('Microphone') : t('Camera')} value={track?.getSettings().deviceId ?? ''} onChange={(event) => onChoose(event.target.value)}>
      {devices.map((each, index) => (
        <option key={each.deviceId} value={each.deviceId}>
          {each.label || n('Device {count}', 'Device {count}', index + 1)}
        </option>
      ))}
    </select>
  )
}

export function CallDoor({ room, onClose }: { room: Room; onClose: () => void }) {
  const calls = useCall()
  const { engine } = useSession()
  useTopics(engine.topics, 'g:' + room.id)
  const { media } = calls
  const [fault, setFault] = useState('')
  const [relay, setRelay] = useState(calls.alwaysRelay)
  const [warned] = useState(client.box.get(WARNED_KEY) === 'yes')
  const joined = useRef(false)
  useEffect(() => {
    // In another call they are open as one wants them there.
    if (!calls.current) void media.open(true, true)
    return () => {
      if (!joined.current && !calls.current) media.close()
    }
  }, [calls, media])
  const join = async () => {
    client.box.set(WARNED_KEY, 'yes')
    client.setAlwaysRelay(relay)
    joined.current = true
    try {
      await calls.join(room.id)
      onClose()
    } catch (cause) {
      joined.current = false
      const error = toCallError(cause)
      setFault(error.field === 'mesh' ? t('This call is full.') : error.code === 'offline' ? t('That needs the connection. Please try again when it is back.') : error.message)
      void media.open(true, true)
    }
  }
  const troubles = [troubleText('audio', media.audioTrouble), troubleText('video', media.videoTrouble)].filter(Boolean)
  const people = room.group.call?.peers.length ?? 0
  return (
    <Dialog title={people > 0 ? t('Join the call') : t('Start a call')} onClose={onClose} start={<button type="button" className="button small flat" onClick={onClose}>{t('Cancel')}</button>}>
      <div className="call-door">
        <Preview media={media} />
        <div className="call-door-row">
          <MicButton />
          <Meter media={media} />
          <CameraButton />
        </div>
        <Devices media={media} kind="audioinput" onChoose={(id) => void media.openMicrophone(id)} />
        <Devices media={media} kind="videoinput" onChoose={(id) => void media.openCamera(id)} />
        {troubles.map((text) => (
          <p key={text} className="secondary dim" role="status">{text}</p>
        ))}
        {warned ? null : <p className="secondary dim">{t('Sound and picture go straight from you to the others. So everybody in the call can see your network address, unless you always relay.')}</p>}
        <label className="call-relay">
          <input type="checkbox" checked={relay} onChange={(event) => setRelay(event.target.checked)} />
          <span>{t('Always relay')}</span>
        </label>
        {fault ? <p className="fault secondary" role="alert">{fault}</p> : null}
        <button type="button" className="button primary wide" disabled={calls.joining !== undefined} onClick={() => void join()}>
          {people > 0 ? n('Join {count} person', 'Join {count} people', people) : t('Start the call')}
        </button>
      </div>
    </Dialog>
  )
}

/** In the list of people, while a call is on that one is not in. */
export function CallCard({ room, onJoin }: { room: Room; onJoin: () => void }) {
  const calls = useCall()
  const { engine } = useSession()
  const { call } = room.group
  if (!call || call.peers.length === 0 || calls.current?.id === call.id) return null
  const people = [...new Set(call.peers.map((each) => each.user))]
  return (
    <div className="call-card">
      <p className="call-card-title">
        <Icon name="call" />
        <b className="flex-1">{t('Call in progress')}</b>
      </p>
      <p className="call-card-row">
        <span className="faces">
          {people.slice(0, 5).map((id) => (
            <PersonAvatar key={id} user={engine.users.get(id) ?? { id, display_name: '?' }} size={30} />
          ))}
        </span>
        <span className="sr-only">{people.map((id) => nameOf(engine.users, id).display_name).join(', ')}</span>
        <span className="flex-1" />
        <button type="button" className="button small call-join" onClick={onJoin}>
          {t('Join')}
        </button>
      </p>
    </div>
  )
}

/** Rings for as long as the server says; quiet for those who do not want to be disturbed. */
export function Incoming({ onJoin }: { onJoin: (group: string, video: boolean) => void }) {
  const calls = useCall()
  const { engine } = useSession()
  const ring = engine.me.dnd ? undefined : calls.rings.find((each) => engine.rooms.has(each.group))
  return <AnimatePresence>{ring ? <IncomingDialog key={ring.call} ring={ring} onJoin={onJoin} /> : null}</AnimatePresence>
}

function IncomingDialog({ ring, onJoin }: { ring: Ring; onJoin: (group: string, video: boolean) => void }) {
  const { engine, calls } = useSession()
  useTopics(engine.topics, 'names', 'g:' + ring.group)
  const ref = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    ref.current?.showModal()
    if (typeof Notification !== 'undefined' && Notification.permission === 'granted' && document.hidden) {
      const note = new Notification(t('Call from {name}', { name: nameOf(engine.users, ring.by).display_name }), { body: engine.rooms.get(ring.group)?.group.name ?? '', tag: ring.call })
      note.onclick = () => focus()
      return () => note.close()
    }
    return undefined
  }, [engine, ring])
  const room = engine.rooms.get(ring.group)
  const by = nameOf(engine.users, ring.by)
  const others = [...new Set(room?.group.call?.peers.map((each) => each.user) ?? [])].filter((id) => id !== ring.by)
  const names = others.slice(0, 2).map((id) => nameOf(engine.users, id).display_name)
  const already = others.length === 1 ? t('{name} is already in', { name: names[0]! }) : others.length === 2 ? t('{name} and {other} are already in', { name: names[0]!, other: names[1]! }) : others.length > 2 ? n('{count} person is already in', '{count} people are already in', others.length) : ''
  return (
    <dialog ref={ref} className="incoming" aria-label={t('Call from {name}', { name: by.display_name })} onCancel={(event) => { event.preventDefault(); calls.decline(ring.call) }}>
      <motion.div className="incoming-body" initial={{ scale: 0.9, opacity: 0 }} animate={{ scale: 1, opacity: 1 }} transition={tiles}>
        <span className="incoming-rings">
          <PersonAvatar user={by} size={112} />
        </span>
        <p className="hero">
          <bdi>{by.display_name}</bdi>
        </p>
        <p className="incoming-group">
          {room ? <GroupTile group={room.group} size={28} /> : null}
          <bdi>{t('Video call in {group}', { group: room?.group.name ?? '' })}</bdi>
        </p>
        <p className="secondary call-dim incoming-already">{already}</p>
        <div className="incoming-buttons">
          <span>
            <button type="button" className="call-round danger" aria-label={t('Decline')} onClick={() => calls.decline(ring.call)}>
              <Icon name="hang-up" size={22} />
            </button>
            <span className="secondary" aria-hidden="true">{t('Decline')}</span>
          </span>
          <span>
            <button type="button" className="call-round" aria-label={t('Voice only')} onClick={() => onJoin(ring.group, false)}>
              <Icon name="mic" size={22} />
            </button>
            <span className="secondary" aria-hidden="true">{t('Voice only')}</span>
          </span>
          <span>
            <button type="button" className="call-round join" aria-label={t('Join')} onClick={() => onJoin(ring.group, true)}>
              <Icon name="camera" size={22} />
            </button>
            <span className="secondary" aria-hidden="true">{t('Join')}</span>
          </span>
        </div>
      </motion.div>
    </dialog>
  )
}
