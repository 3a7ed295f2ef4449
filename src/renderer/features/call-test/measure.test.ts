import { describe, expect, it } from 'vitest'
import type { CallNetworkView } from '#shared/model/calls.ts'
import type { StatsSample } from '#renderer/media/stats.ts'
import { delaySeries, echoDelay, resultOf, secondOf, type TestSecond } from './measure.ts'

const second = (over: Partial<TestSecond> = {}): TestSecond => ({
  ...{ networkMs: 40, bufferMs: 30, outputMs: 10, lossPercent: 0, jitterMs: 4, levelSent: 0.2 },
  ...over,
})
const many = (over: Partial<TestSecond> = {}): readonly TestSecond[] => Array.from({ length: 10 }, () => second(over))

describe('the delay of a test call', () => {
  it('is a packet, the round trip, the jitter buffer and the output', () => {
    expect(echoDelay(second())).toBe(100)
    expect(echoDelay(second({ outputMs: null }))).toBe(90)
  })

  it('is not guessed where a part of it is not known', () => {
    expect(echoDelay(second({ networkMs: null }))).toBeNull()
    expect(echoDelay(second({ bufferMs: null }))).toBeNull()
  })

  it('of the seconds before the first report is that report’s', () => {
    const none = { networkMs: null }
    expect(delaySeries([second(none), second(), second({ networkMs: 50 })])).toEqual([100, 100, 110])
    expect(delaySeries([second(none)])).toEqual([null])
  })

  it('passes the network once on the way to another person', () => {
    expect(resultOf(many())).toMatchObject({ delayMs: 100, oneWayMs: 80, verdict: 'good', isSilent: false })
  })

  it('is not spoilt by one bad second', () => {
    expect(resultOf([...many(), second({ bufferMs: 900 })]).delayMs).toBe(100)
  })
})

describe('the verdict on a test call', () => {
  it.each([
    [{ networkMs: 180 }, 'good'],
    [{ networkMs: 182 }, 'noticeable'],
    [{ networkMs: 682 }, 'bad'],
    [{ lossPercent: 1.5 }, 'noticeable'],
    [{ lossPercent: 6 }, 'bad'],
    [{ networkMs: null }, 'unknown'],
    [{ lossPercent: null }, 'unknown'],
    [{ networkMs: null, lossPercent: 6 }, 'bad'],
  ] as const)('of %o is %s', (over, verdict) => {
    expect(resultOf(many(over)).verdict).toBe(verdict)
  })

  it('is none without a second', () => {
    expect(resultOf([])).toMatchObject({ delayMs: null, lossPercent: null, verdict: 'unknown', isSilent: false })
  })

  it('knows a microphone that hears nothing', () => {
    expect(resultOf(many({ levelSent: 0 })).isSilent).toBe(true)
    expect(resultOf([...many({ levelSent: 0 }), second()]).isSilent).toBe(false)
    expect(resultOf(many({ levelSent: null })).isSilent).toBe(false)
  })
})

describe('one second', () => {
  const network = { roundTripMs: 12, lossReceivedPercent: 3, jitterMs: 2 } as CallNetworkView
  const sample = {
    roundTripMs: 14,
    bufferMs: 30,
    outputMs: 9,
    lossPercent: 1,
    jitterMs: 5,
    levelSent: 0.1,
  } as StatsSample

  it('takes the round trip and the jitter from the gateway, the rest from the browser', () => {
    expect(secondOf(network, sample)).toEqual({
      ...{ networkMs: 12, bufferMs: 30, outputMs: 9, lossPercent: 1, jitterMs: 2, levelSent: 0.1 },
    })
  })

  it('makes do with either, or none', () => {
    expect(secondOf(network, null)).toMatchObject({ networkMs: 12, lossPercent: 3, bufferMs: null })
    expect(secondOf(null, sample)).toMatchObject({ networkMs: 14, lossPercent: 1, jitterMs: 5 })
    expect(secondOf(null, null)).toMatchObject({ networkMs: null, lossPercent: null })
  })
})
