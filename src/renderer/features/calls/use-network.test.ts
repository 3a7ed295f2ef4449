import { describe, expect, it } from 'vitest'
import type { CallNetworkView } from '#shared/model/calls.ts'
import { appendSample, type NetworkSample } from './use-network.ts'

const view = (at: number, bytesSent: number, bytesReceived: number): CallNetworkView =>
  ({ at, bytesSent, bytesReceived }) as unknown as CallNetworkView

describe('network figures', () => {
  it('become rates, and two minutes of them are kept', () => {
    let samples: readonly NetworkSample[] = []
    for (let second = 0; second < 200; second += 1)
      samples = appendSample(samples, view(second * 1000, second * 4000, second * 8000))
    expect(samples).toHaveLength(120)
    expect(samples.at(-1)).toMatchObject({ kbitUp: 32, kbitDown: 64 })
  })

  it('tell nothing of the first view or of counters that began anew', () => {
    const [first] = appendSample([], view(1000, 5, 5))
    expect(first).toMatchObject({ kbitUp: null, kbitDown: null })
    expect(appendSample([first!], view(2000, 1, 9)).at(-1)).toMatchObject({ kbitUp: null, kbitDown: 0.032 })
  })
})
