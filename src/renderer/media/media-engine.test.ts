import { afterEach, describe, expect, it, vi } from 'vitest'
import { FakeMediaPlatform, FakeTrack } from '#test/fakes/media-platform.ts'
import type { CallId, LegId, MediaCommand } from '#shared/model/calls.ts'
import { MediaEngine } from './media-engine.ts'
import type { DeviceChange, MediaSettings } from './platform.ts'

const callId = 'call' as CallId
const first = 'leg 1' as LegId
const second = 'leg 2' as LegId
/** Every promise that is due has run. */
const settled = () => vi.waitFor(() => new Promise<void>((done) => setTimeout(done, 0)))

class Setup {
  readonly browser = new FakeMediaPlatform()
  readonly said: string[] = []
  readonly changes: DeviceChange[] = []
  settings: MediaSettings = {
    ...{ microphone: '', speaker: '', camera: '' },
    ...{ echoCancellation: true, noiseSuppression: false, gainControl: true },
  }
  readonly engine = new MediaEngine({
    platform: this.browser.platform,
    replies: {
      offer: (legId, sdp) => this.said.push(`${legId} ${sdp}`),
      failed: (legId, reason) => this.said.push(`${legId} failed ${reason}`),
      connected: (legId) => this.said.push(`${legId} connected`),
    },
    settings: () => this.settings,
    onDeviceChange: (change) => this.changes.push(change),
  })

  async do(...commands: MediaCommand[]): Promise<void> {
    for (const command of commands) this.engine.handle(command)
    await settled()
  }

  open(legId = first, video = false): Promise<void> {
    return this.do({ kind: 'open', legId, callId, video })
  }

  capture(legId = first, microphone = true, camera = false): Promise<void> {
    return this.do({ kind: 'capture', legId, microphone, camera })
  }
}

describe('legs', () => {
  it('offer both directions at once, through one port, to no server, and open no device', async () => {
    const setup = new Setup()
    await setup.open(first, true)
    expect(setup.said).toEqual(['leg 1 offer 1: audio sendrecv, video sendrecv'])
    const [connection] = setup.browser.connections
    expect(connection?.configuration).toMatchObject({
      ...{ bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require', iceServers: [] },
    })
    expect(setup.browser.tracks).toEqual([])
    await setup.do({ kind: 'answer', legId: first, sdp: 'answer' })
    expect(connection?.remote).toBe('answer')
    connection?.become('connected')
    expect(setup.said.at(-1)).toBe('leg 1 connected')
  })

  it('of one call share a certificate, of another call have another', async () => {
    const setup = new Setup()
    await setup.open(first)
    await setup.open(second)
    await setup.do({ kind: 'open', legId: 'leg 3' as LegId, callId: 'other' as CallId, video: false })
    const of = setup.browser.connections.map(({ configuration }) => configuration.certificates?.[0])
    expect(of[0]).toBe(of[1])
    expect(of[2]).not.toBe(of[0])
  })

  it('offer again with and without pictures, after the answer that is still due', async () => {
    const setup = new Setup()
    await setup.open()
    await setup.do({ kind: 'renegotiate', legId: first, video: true })
    expect(setup.said).toHaveLength(1)
    await setup.do({ kind: 'answer', legId: first, sdp: 'one' })
    expect(setup.said.at(-1)).toBe('leg 1 offer 2: audio sendrecv, video sendrecv')
    await setup.do({ kind: 'answer', legId: first, sdp: 'two' })
    await setup.do({ kind: 'renegotiate', legId: first, video: false })
    expect(setup.said.at(-1)).toBe('leg 1 offer 3: audio sendrecv, video inactive')
  })

  it('send digits after those that still wait', async () => {
    const setup = new Setup()
    await setup.open()
    const digit = (one: string): MediaCommand => ({ kind: 'digit', legId: first, digit: one })
    await setup.do(digit('1'), digit('#'))
    expect(setup.browser.connections[0]?.transceivers[0]?.sender.dtmf.toneBuffer).toBe('1#')
  })

  it('that break are told once in words main knows', async () => {
    const setup = new Setup()
    await setup.open()
    const [connection] = setup.browser.connections
    connection!.broken = true
    await setup.do({ kind: 'answer', legId: first, sdp: 'bad' })
    expect(setup.said.slice(1)).toEqual(['leg 1 failed engine'])
    await setup.open(second)
    setup.browser.connections[1]?.become('failed')
    expect(setup.said.at(-1)).toBe('leg 2 failed engine')
  })

  it('ignore what comes for a leg that is gone', async () => {
    const setup = new Setup()
    await setup.do({ kind: 'open', legId: first, callId, video: false }, { kind: 'close', legId: first })
    await setup.do({ kind: 'answer', legId: first, sdp: 'late' })
    await setup.capture()
    expect(setup.said).toEqual([])
    expect(setup.browser.tracks).toEqual([])
  })
})

describe('devices', () => {
  it('that go untold are found by looking while there is a call, and only then', async () => {
    vi.useFakeTimers()
    try {
      const setup = new Setup()
      setup.settings = { ...setup.settings, microphone: 'Headset' }
      setup.browser.plug('audioinput', 'Headset')
      await vi.advanceTimersByTimeAsync(10)
      expect(vi.getTimerCount()).toBe(0)
      setup.engine.handle({ kind: 'open', legId: first, callId, video: false })
      setup.engine.handle({ kind: 'capture', legId: first, microphone: true, camera: false })
      await vi.advanceTimersByTimeAsync(10)
      setup.browser.devices = setup.browser.devices.filter(({ label }) => label !== 'Headset')
      await vi.advanceTimersByTimeAsync(3000)
      expect(setup.changes).toEqual([{ role: 'microphone', change: 'gone' }])
      expect(setup.browser.open.map(({ constraints }) => constraints.deviceId)).toEqual([undefined])
      setup.engine.handle({ kind: 'close', legId: first })
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  it('open on command only, with the chosen treatment, and close with the leg', async () => {
    const setup = new Setup()
    await setup.open(first, true)
    await setup.capture(first, true, true)
    const [microphone, camera] = setup.browser.open
    expect(microphone?.constraints).toEqual({ echoCancellation: true, noiseSuppression: false, autoGainControl: true })
    expect(setup.browser.connections[0]?.sent('audio')).toBe(microphone)
    expect(setup.browser.connections[0]?.sent('video')).toBe(camera)
    await setup.capture(first, true, false)
    expect(setup.browser.open).toEqual([microphone])
    expect(setup.browser.connections[0]?.sent('video')).toBeNull()
    await setup.do({ kind: 'close', legId: first })
    expect(setup.browser.open).toEqual([])
    expect(setup.browser.connections[0]?.closed).toBe(true)
  })

  it('that open after the call ended are closed at once', async () => {
    const setup = new Setup()
    setup.browser.slow = true
    await setup.open()
    await setup.capture()
    await setup.do({ kind: 'close', legId: first })
    setup.browser.letOpen()
    await settled()
    expect(setup.browser.tracks).toHaveLength(1)
    expect(setup.browser.open).toEqual([])
  })

  it.each([
    ['NotAllowedError', 'microphone-denied'],
    ['NotFoundError', 'microphone-missing'],
    ['NotReadableError', 'microphone-missing'],
    ['TypeError', 'engine'],
  ])('that refuse with %s are told as %s', async (name, reason) => {
    const setup = new Setup()
    setup.browser.refusal = name
    await setup.open()
    await setup.capture()
    expect(setup.said.at(-1)).toBe(`leg 1 failed ${reason}`)
  })

  it('tell a camera that stays shut without closing the microphone', async () => {
    const setup = new Setup()
    await setup.open(first, true)
    await setup.capture()
    setup.browser.refusal = 'NotAllowedError'
    await setup.capture(first, true, true)
    expect(setup.said.at(-1)).toBe('leg 1 failed camera-denied')
    expect(setup.browser.open).toHaveLength(1)
  })

  it('are silent while the call is muted, also when they open later or again', async () => {
    const setup = new Setup()
    setup.engine.setMuted(new Set([callId]))
    await setup.open()
    await setup.capture()
    expect(setup.browser.open[0]?.enabled).toBe(false)
    setup.settings = { ...setup.settings, noiseSuppression: true }
    setup.engine.settingsChanged()
    await settled()
    expect(setup.browser.open).toHaveLength(1)
    expect(setup.browser.open[0]?.constraints.noiseSuppression).toBe(true)
    expect(setup.browser.open[0]?.enabled).toBe(false)
    setup.engine.setMuted(new Set())
    expect(setup.browser.open[0]?.enabled).toBe(true)
  })

  it('that vanish give way to the system’s, and are taken again when they come back', async () => {
    const setup = new Setup()
    setup.settings = { ...setup.settings, microphone: 'Headset', speaker: 'Headset' }
    setup.browser.plug('audioinput', 'Headset')
    setup.browser.plug('audiooutput', 'Headset')
    await settled()
    await setup.open()
    await setup.capture()
    expect(setup.browser.open[0]?.constraints.deviceId).toEqual({ exact: 'id of Headset' })
    expect(setup.browser.outputs[0]?.speaker).toBe('id of Headset')
    setup.browser.open[0]?.pull()
    setup.browser.unplug('Headset')
    await settled()
    expect(setup.browser.open).toHaveLength(1)
    expect(setup.browser.open[0]?.constraints.deviceId).toBeUndefined()
    expect(setup.browser.connections[0]?.sent('audio')).toBe(setup.browser.open[0])
    expect(setup.browser.outputs[0]?.speaker).toBe('')
    setup.browser.plug('audioinput', 'Headset')
    await settled()
    expect(setup.browser.open[0]?.constraints.deviceId).toEqual({ exact: 'id of Headset' })
    expect(setup.changes).toEqual([
      { role: 'microphone', change: 'gone' },
      { role: 'speaker', change: 'gone' },
      { role: 'microphone', change: 'back' },
    ])
  })

  it('that vanish in the moment they are opened give way to the system’s', async () => {
    const setup = new Setup()
    setup.settings = { ...setup.settings, microphone: 'Headset' }
    setup.browser.plug('audioinput', 'Headset')
    await settled()
    setup.browser.vanished = 'id of Headset'
    await setup.open()
    await setup.capture()
    expect(setup.browser.open.map(({ constraints }) => constraints.deviceId)).toEqual([undefined])
    expect(setup.browser.connections[0]?.sent('audio')).toBe(setup.browser.open[0])
  })
})

describe('sound and pictures', () => {
  it('come from the played leg only', async () => {
    const setup = new Setup()
    await setup.open(first)
    await setup.open(second)
    const voices = setup.browser.connections.map((connection) => {
      const track = new FakeTrack('audio')
      connection.receive(track)
      return track
    })
    expect(setup.browser.outputs).toHaveLength(1)
    expect(setup.browser.outputs[0]?.stream?.tracks).toEqual([voices[0]])
    await setup.do({ kind: 'play', legId: second })
    expect(setup.browser.outputs[0]?.stream?.tracks).toEqual([voices[1]])
    await setup.do({ kind: 'close', legId: second })
    expect(setup.browser.outputs[0]?.stream?.tracks).toEqual([voices[0]])
    await setup.do({ kind: 'close', legId: first })
    expect(setup.browser.outputs[0]?.stream).toBeNull()
  })

  it('are shown while frames come, and change only then', async () => {
    const setup = new Setup()
    let changes = 0
    setup.engine.subscribe(() => (changes += 1))
    await setup.open(first, true)
    const picture = new FakeTrack('video')
    picture.muted = true
    setup.browser.connections[0]?.receive(picture)
    expect(setup.engine.pictures(callId)).toEqual({ local: null, remote: null })
    picture.setMuted(false)
    const shown = setup.engine.pictures(callId)
    expect(shown.remote?.getTracks()).toEqual([picture])
    expect(changes).toBe(1)
    await setup.capture(first, true, true)
    expect(setup.engine.pictures(callId).remote).toBe(shown.remote)
    expect(setup.engine.pictures(callId).local).not.toBeNull()
    picture.setMuted(true)
    expect(setup.engine.pictures(callId).remote).toBeNull()
    await setup.do({ kind: 'close', legId: first })
    expect(setup.engine.pictures(callId)).toEqual({ local: null, remote: null })
  })
})

describe('figures', () => {
  afterEach(() => void vi.useRealTimers())

  it('are read once a second while somebody watches, never otherwise', async () => {
    const setup = new Setup()
    await setup.open()
    vi.useFakeTimers()
    const connection = setup.browser.connections[0]!
    let at = 0
    vi.spyOn(connection, 'getStats').mockImplementation(() => {
      at += 1000
      const sent = { type: 'outbound-rtp', kind: 'audio', timestamp: at, bytesSent: at * 4 }
      return Promise.resolve(new Map([[0, sent]]))
    })
    const series = setup.engine.series(callId)
    await vi.advanceTimersByTimeAsync(5000)
    expect(at).toBe(0)
    let told = 0
    const stop = series.watch(() => (told += 1))
    await vi.advanceTimersByTimeAsync(3000)
    expect(series.samples.map(({ kbitUp }) => kbitUp)).toEqual([null, 32, 32, 32])
    expect(told).toBe(4)
    await vi.advanceTimersByTimeAsync(200_000)
    expect(series.samples).toHaveLength(120)
    stop()
    const last = at
    await vi.advanceTimersByTimeAsync(5000)
    expect(at).toBe(last)
  })
})
