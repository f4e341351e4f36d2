// SPDX-License-Identifier: GPL-3.0-or-later
// One's own microphone, camera and screen. A device that is missing or refused is not the end: one joins without it, and is told.

import { Voice } from './voice'

export interface MediaHooks {
  changed(): void
  /** What is sent from now on. */
  sending(kind: 'audio' | 'video', track: MediaStreamTrack | null): void
}

export type Trouble = 'refused' | 'missing' | 'busy' | undefined

const SIZE = { width: { ideal: 640 }, height: { ideal: 360 }, frameRate: { ideal: 30, max: 30 } }
const LOUD = 0.03

function troubleOf(cause: unknown): Trouble {
  const name = cause instanceof Error ? cause.name : ''
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'refused'
  if (name === 'NotFoundError' || name === 'OverconstrainedError' || name === 'TypeError') return 'missing'
  return 'busy'
}

export class Media {
  microphone: MediaStreamTrack | null = null
  camera: MediaStreamTrack | null = null
  screen: MediaStreamTrack | null = null
  muted = false
  audioTrouble: Trouble
  videoTrouble: Trouble
  readonly preview = new MediaStream()
  #hooks: MediaHooks
  #context: AudioContext | undefined
  #analyser: AnalyserNode | undefined
  #samples = new Float32Array(512)
  /** Another after each close(): what was asked for before it is not wanted any more. */
  #visit = 0
  #voice = new Voice(LOUD)

  constructor(hooks: MediaHooks) {
    this.#hooks = hooks
  }

  get audioOn(): boolean {
    return this.microphone !== null && !this.muted
  }

  get videoOn(): boolean {
    return this.camera !== null
  }

  get screenOn(): boolean {
    return this.screen !== null
  }

  get audioTrack(): MediaStreamTrack | null {
    return this.microphone
  }

  /** Camera and screen share one line. */
  get videoTrack(): MediaStreamTrack | null {
    return this.screen ?? this.camera
  }

  async open(audio: boolean, video: boolean): Promise<void> {
    await Promise.all([audio ? this.openMicrophone() : undefined, video ? this.openCamera() : undefined])
  }

  async openMicrophone(device?: string): Promise<void> {
    try {
      const track = await this.#ask({ audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...(device ? { deviceId: { exact: device } } : {}) } })
      if (!track) return
      this.microphone?.stop()
      this.microphone = track
      track.enabled = !this.muted
      track.onended = () => {
        if (this.microphone === track) this.#lose('audio')
      }
      this.audioTrouble = undefined
      this.#watch(track)
      this.#hooks.sending('audio', track)
    } catch (cause) {
      this.audioTrouble = troubleOf(cause)
    }
    this.#hooks.changed()
  }

  async openCamera(device?: string): Promise<void> {
    try {
      const track = await this.#ask({ video: { ...SIZE, ...(device ? { deviceId: { exact: device } } : {}) } })
      if (!track) return
      this.camera?.stop()
      this.camera = track
      track.onended = () => {
        if (this.camera === track) this.#lose('video')
      }
      this.videoTrouble = undefined
    } catch (cause) {
      this.videoTrouble = troubleOf(cause)
    }
    this.#show()
  }

  /** Undefined where everything was closed meanwhile. */
  async #ask(constraints: MediaStreamConstraints): Promise<MediaStreamTrack | undefined> {
    const visit = this.#visit
    const stream = await navigator.mediaDevices.getUserMedia(constraints)
    const track = stream.getTracks()[0]
    if (!track) throw new DOMException('no track', 'NotFoundError')
    if (visit === this.#visit) return track
    track.stop()
    return undefined
  }

  #lose(kind: 'audio' | 'video'): void {
    if (kind === 'audio') {
      this.microphone = null
      this.audioTrouble = 'missing'
      this.#hooks.sending('audio', null)
      this.#hooks.changed()
      // Another one may be there: the system's choice.
      void this.openMicrophone()
      return
    }
    this.camera = null
    this.videoTrouble = 'missing'
    this.#show()
  }

  #show(): void {
    const track = this.videoTrack
    for (const old of this.preview.getTracks()) this.preview.removeTrack(old)
    if (track) this.preview.addTrack(track)
    this.#hooks.sending('video', track)
    this.#hooks.changed()
  }

  setMuted(muted: boolean): void {
    this.muted = muted
    if (this.microphone) this.microphone.enabled = !muted
    else if (!muted) void this.openMicrophone()
    this.#hooks.changed()
  }

  /** Off means off: the light of the camera goes out. */
  async setCamera(on: boolean): Promise<void> {
    if (on) {
      await this.openCamera()
      return
    }
    this.camera?.stop()
    this.camera = null
    this.#show()
  }

  async setScreen(on: boolean): Promise<void> {
    if (!on) {
      this.screen?.stop()
      this.screen = null
      this.#show()
      return
    }
    const visit = this.#visit
    let track: MediaStreamTrack | undefined
    try {
      track = (await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 15 } } })).getVideoTracks()[0]
    } catch {
      return // cancelled: nothing changes
    }
    if (!track) return
    if (visit !== this.#visit) {
      track.stop()
      return
    }
    track.contentHint = 'detail'
    track.onended = () => {
      if (this.screen === track) void this.setScreen(false)
    }
    this.screen = track
    this.#show()
  }

  async devices(): Promise<MediaDeviceInfo[]> {
    return (await navigator.mediaDevices?.enumerateDevices?.()) ?? []
  }

  // ── How loud one is oneself ───────────────────────────────────────────────

  #watch(track: MediaStreamTrack): void {
    try {
      this.#context ??= new AudioContext()
      this.#analyser = this.#context.createAnalyser()
      this.#analyser.fftSize = 512
      this.#context.createMediaStreamSource(new MediaStream([track])).connect(this.#analyser)
    } catch {
      this.#analyser = undefined
    }
  }

  /** 0 to 1. */
  get level(): number {
    if (!this.audioOn || !this.#analyser) return 0
    this.#analyser.getFloatTimeDomainData(this.#samples)
    let sum = 0
    for (const sample of this.#samples) sum += sample * sample
    return Math.min(1, Math.sqrt(sum / this.#samples.length) * 4)
  }

  get speaking(): boolean {
    return this.#voice.speaking
  }

  listen(now: number): boolean {
    return this.#voice.listen(this.level, now)
  }

  close(): void {
    this.#visit += 1
    for (const track of [this.microphone, this.camera, this.screen]) {
      if (!track) continue
      track.onended = null
      track.stop()
    }
    this.microphone = this.camera = this.screen = null
    for (const old of this.preview.getTracks()) this.preview.removeTrack(old)
    void this.#context?.close().catch(() => undefined)
    this.#context = undefined
    this.#analyser = undefined
    this.audioTrouble = this.videoTrouble = undefined
    this.muted = false
    this.#voice = new Voice(LOUD)
  }
}
