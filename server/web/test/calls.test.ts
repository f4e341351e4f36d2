// SPDX-License-Identifier: GPL-3.0-or-later
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Calls } from '../src/lib/call/calls'
import { Media } from '../src/lib/call/media'
import { Topics } from '../src/lib/topics'

class Track {
  enabled = true
  stopped = false
  onended: (() => void) | null = null
  readonly kind: string

  constructor(kind: string) {
    this.kind = kind
  }

  stop(): void {
    this.stopped = true
  }
}

class Stream {
  #tracks: Track[]

  constructor(tracks: Track[] = []) {
    this.#tracks = tracks
  }

  getTracks(): Track[] {
    return [...this.#tracks]
  }

  getVideoTracks(): Track[] {
    return this.getTracks()
  }

  addTrack(track: Track): void {
    this.#tracks.push(track)
  }

  removeTrack(track: Track): void {
    this.#tracks = this.#tracks.filter((each) => each !== track)
  }
}

/** Every device that was opened. */
let tracks: Track[]
/** The browser asks the person first: it answers when told to. */
let permit: (() => void)[]

beforeEach(() => {
  tracks = []
  permit = []
  const open = (kind: string) =>
    new Promise<Stream>((resolve) =>
      permit.push(() => {
        const track = new Track(kind)
        tracks.push(track)
        resolve(new Stream([track]))
      }),
    )
  vi.stubGlobal('MediaStream', Stream)
  vi.stubGlobal('navigator', {
    mediaDevices: { getUserMedia: ({ audio }: { audio?: object }) => open(audio ? 'audio' : 'video'), getDisplayMedia: () => open('video') },
  })
})

afterEach(() => vi.unstubAllGlobals())

const permitAll = () => {
  for (const each of permit.splice(0)) each()
}

describe('devices', () => {
  const media = () => new Media({ changed: () => undefined, sending: () => undefined })

  it('that open after everything was closed are closed at once', async () => {
    const one = media()
    const opening = [one.open(true, true), one.setScreen(true)]
    one.close()
    permitAll()
    await Promise.all(opening)
    expect(tracks.map(({ stopped }) => stopped)).toEqual([true, true, true])
    expect([one.microphone, one.camera, one.screen]).toEqual([null, null, null])
  })

  it('open again after that', async () => {
    const one = media()
    one.close()
    const opening = one.open(true, true)
    permitAll()
    await opening
    expect([one.audioOn, one.videoOn]).toEqual([true, true])
    one.close()
    expect(tracks.every(({ stopped }) => stopped)).toBe(true)
  })
})

describe('calls', () => {
  const answerOf = (id: string) => ({
    call: { id, group: 'g-' + id, mode: 'mesh', started_by: 'me', started_at: 1, peers: [] }, peer: 'p-' + id, resume_token: 't', ice_servers: [],
  })

  it('who goes from one to another keeps the devices', async () => {
    const sent: [string, object][] = []
    const calls = new Calls(
      {
        ask: (event, argument) => {
          sent.push([event, argument])
          return Promise.resolve(answerOf((argument as { group: string }).group.slice(2)) as never)
        },
        tell: (event, argument) => sent.push([event, argument]),
      },
      new Topics(), () => 'me',
    )
    const opening = calls.media.open(true, true)
    permitAll()
    await opening
    await calls.join('g-1')
    await calls.join('g-2')
    expect(sent).toEqual([
      ['call:join', { group: 'g-1', audio: true, video: true }],
      ['call:leave', { call: '1' }],
      ['call:join', { group: 'g-2', audio: true, video: true }],
    ])
    expect(calls.current?.id).toBe('2')
    expect(tracks.some(({ stopped }) => stopped)).toBe(false)
    calls.leave()
    expect(calls.current).toBeUndefined()
    expect(tracks.every(({ stopped }) => stopped)).toBe(true)
  })
})
