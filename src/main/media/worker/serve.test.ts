import { describe, expect, it } from 'vitest'
import type { CallId } from '#shared/model/calls.ts'
import type { MediaEvent, MediaPort } from '../media-port.ts'
import { announceTo, mediaMethods } from './serve.ts'

const call = 'call' as CallId
const zid = new Uint8Array(12)
const secret = (): Uint8Array => new Uint8Array(32).fill(7)
const nothing = new Uint8Array(32)

describe('what crosses to the media worker', () => {
  it('brings secrets that are gone once the gateway took them, or would not', async () => {
    for (const outcome of [Promise.resolve(), Promise.reject(new Error('no'))]) {
      const seen: number[] = []
      const zrtpSecrets: MediaPort['zrtpSecrets'] = (_call, _zid, secrets) => {
        seen.push(secrets?.rs1?.[0] ?? 0, secrets?.rs2?.[0] ?? 0)
        return outcome
      }
      const secrets = { rs1: secret(), rs2: secret(), verified: true, name: '' }
      await mediaMethods({ zrtpSecrets } as MediaPort)
        .zrtpSecrets(call, zid, secrets)
        .catch(() => undefined)
      expect([seen, secrets.rs1, secrets.rs2]).toEqual([[7, 7], nothing, nothing])
    }
  })

  it('takes new secrets to main, and keeps none', () => {
    let raise: (event: MediaEvent) => void = () => undefined
    const gateway = { onEvent: (handler: (event: MediaEvent) => void) => (raise = handler) } as unknown as MediaPort
    const posted: unknown[] = []
    announceTo((event) => posted.push(structuredClone(event)), gateway)
    const secrets = { rs1: secret(), rs2: secret(), verified: false, isKnown: false }
    const retain = { kind: 'zrtp-retain', call, peerZid: zid, ...secrets } as const
    raise(retain)
    raise({ kind: 'heard', call })
    expect(posted).toEqual([
      { ...retain, rs1: secret(), rs2: secret() },
      { kind: 'heard', call },
    ])
    expect([retain.rs1, retain.rs2]).toEqual([nothing, nothing])
  })
})
