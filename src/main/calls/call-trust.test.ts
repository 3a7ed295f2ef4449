import { describe, expect, it } from 'vitest'
import type { CallId } from '#shared/model/calls.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { MediaPort, ZrtpPeerSecrets } from '#main/media/media-port.ts'
import { silentLog } from '#test/fakes/silent-log.ts'
import { CallTrust } from './call-trust.ts'
import type { CallTrustPort } from './ports.ts'

const call = 'call' as CallId
const peerZid = new Uint8Array(12).fill(3)
const secret = (): Uint8Array => new Uint8Array(32).fill(7)
const nothing = new Uint8Array(32)

/** `seen`: first bytes of the secrets as they were when they were handed on. */
function setup({ fails = false } = {}) {
  const seen: (number | undefined)[] = []
  const secrets = { rs1: secret(), rs2: secret(), verified: true, name: 'phone' }
  const see = ({ rs1, rs2 }: Pick<ZrtpPeerSecrets, 'rs1' | 'rs2'>): Promise<void> => {
    seen.push(rs1?.[0], rs2?.[0])
    return fails ? Promise.reject(new Error('no')) : Promise.resolve()
  }
  const trust = { secrets: () => Promise.resolve(secrets), keep: (_a, _p, kept) => see(kept) } as Partial<CallTrustPort>
  const media: Partial<MediaPort> = { zrtpSecrets: (_call, _zid, handed) => see(handed ?? { rs1: null, rs2: null }) }
  const account = 'sip:me@example.org' as Aor
  const ports = { call, account, peer: account, log: silentLog }
  return {
    trust: new CallTrust({ ...ports, trust: trust as CallTrustPort, media: media as MediaPort }),
    secrets,
    seen,
  }
}

describe.each([false, true])('secrets of a device (nobody takes them: %s)', (fails) => {
  it('are gone once they were handed to its ZRTP', async () => {
    const { trust, secrets, seen } = setup({ fails })
    await trust.provide({ peerZid })
    expect([seen, secrets.rs1, secrets.rs2]).toEqual([[7, 7], nothing, nothing])
  })

  it('are gone once they were kept', async () => {
    const { trust, seen } = setup({ fails })
    const retain = {
      kind: 'zrtp-retain',
      call,
      peerZid,
      rs1: secret(),
      rs2: secret(),
      verified: false,
      isKnown: true,
    } as const
    await trust.keep(retain)
    expect([seen, retain.rs1, retain.rs2]).toEqual([[7, 7], nothing, nothing])
  })
})
