import { describe, expect, it } from 'vitest'
import { Ring } from './ring.ts'
import { readStats, sampleBetween } from './stats.ts'

const report = [
  {
    type: 'inbound-rtp',
    kind: 'audio',
    timestamp: 5000,
    codecId: 'c1',
    jitter: 0.012,
    audioLevel: 0.25,
    jitterBufferDelay: 1920,
    jitterBufferEmittedCount: 48_000,
    packetsReceived: 90,
    packetsLost: 10,
    bytesReceived: 8000,
  },
  {
    type: 'inbound-rtp',
    kind: 'video',
    timestamp: 5000,
    codecId: 'c2',
    frameWidth: 1280,
    frameHeight: 720,
    framesPerSecond: 30,
    packetsReceived: 200,
    packetsLost: 0,
    bytesReceived: 100_000,
  },
  { type: 'outbound-rtp', kind: 'audio', timestamp: 5000, bytesSent: 4000 },
  { type: 'remote-inbound-rtp', kind: 'audio', timestamp: 4900, roundTripTime: 0.048 },
  { type: 'media-playout', kind: 'audio', timestamp: 5000, totalPlayoutDelay: 480, totalSamplesCount: 48_000 },
  { type: 'media-source', kind: 'audio', timestamp: 5000, audioLevel: 0.5 },
  { type: 'codec', id: 'c1', mimeType: 'audio/opus', clockRate: 48000 },
  { type: 'codec', id: 'c2', mimeType: 'video/VP8', clockRate: 90000 },
  null,
]

describe('figures of a call', () => {
  it('are read from the browser’s report', () => {
    expect(readStats(report)).toEqual({
      ...{ at: 5000, bytesSent: 4000, bytesReceived: 108_000, packetsReceived: 290, packetsLost: 10 },
      ...{ jitterMs: 12, roundTripMs: 48, audioCodec: 'opus/48000', videoCodec: 'VP8/90000' },
      ...{ resolution: '1280×720', framesPerSecond: 30, sentResolution: '', sentFramesPerSecond: null },
      ...{ levelSent: 0.5, levelReceived: 0.25 },
      ...{ bufferedSamples: 48_000, bufferedSeconds: 1920, playedSamples: 48_000, playedSeconds: 480 },
    })
  })

  it('are empty, not wrong, where the report says nothing', () => {
    const nothing = readStats([{ type: 'inbound-rtp', kind: 'audio', jitter: Number.NaN, packetsLost: 'x' }])
    expect(nothing).toMatchObject({ at: 0, packetsLost: 0, jitterMs: null, roundTripMs: null, audioCodec: '' })
  })

  it('become rates and loss between two readings', () => {
    const before = readStats([
      {
        type: 'inbound-rtp',
        kind: 'audio',
        timestamp: 4000,
        packetsReceived: 251,
        packetsLost: 8,
        bytesReceived: 83_000,
      },
    ])
    const sample = sampleBetween(before, readStats(report))
    expect(sample.kbitDown).toBe(200)
    expect(sample.kbitUp).toBe(32)
    expect(sample.lossPercent).toBeCloseTo(100 * (2 / 41))
    expect(sample).toMatchObject({ bufferMs: 40, outputMs: 10 })
  })

  it('tell nothing of a first reading, another leg, or no time', () => {
    const now = readStats(report)
    expect(sampleBetween(null, now)).toMatchObject({ kbitUp: null, kbitDown: null, lossPercent: null })
    expect(sampleBetween({ ...now, bytesSent: 9999, at: 4000 }, now).kbitUp).toBeNull()
    expect(sampleBetween(now, now)).toMatchObject({ kbitUp: null, lossPercent: null, bufferMs: null })
  })
})

describe('ring', () => {
  it('keeps the newest values, in order', () => {
    const ring = new Ring<number>(3)
    for (const value of [1, 2, 3, 4, 5]) ring.push(value)
    expect(ring.values).toEqual([3, 4, 5])
    ring.clear()
    expect(ring.values).toEqual([])
  })
})
