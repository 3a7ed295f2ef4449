import { describe, expect, it } from 'vitest'
import type { SecurityDescription } from '#protocol/sdp/security-descriptions.ts'
import type { RtpMedia } from '#protocol/sdp/rtp-media.ts'
import { SrtpReceiver } from '#protocol/srtp/receiver.ts'
import { SrtpSender } from '#protocol/srtp/sender.ts'
import { buildRtpPacket } from '#protocol/rtp/packet.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import type { BranchEvent } from '../media-port.ts'
import type { KeyRules } from '../description/keying.ts'
import { PacketGuard } from '../network/packet-guard.ts'
import { CallKeys, type CallKeysOptions } from './call-keys.ts'
import { OwnKeys } from './own-keys.ts'
import { masterKeyOf, newSdesKey, type Section } from './section.ts'

const random = new SeededRandom('call keys')
const rules: KeyRules = { policy: 'any', signallingSecure: true, verified: false, choseDtls: false }
const remote = { zrtpHash: null } as RtpMedia

function packet(at: number): Uint8Array {
  return buildRtpPacket({ payloadType: 0, sequenceNumber: at & 0xffff, timestamp: at, ssrc: 7 }, new Uint8Array(1))
}

/** One section under SDES with its keys; `theirs` are lines of the other side. */
function sdesCall() {
  const guard = new PacketGuard(false)
  const ownKeys = new OwnKeys(random)
  const section = {
    ...{ kind: 'audio', stream: { guard, obey: () => undefined }, zrtp: null, zrtpState: 'off', isOn: true },
    ...{ keying: null, sdes: ownKeys.fresh(null), protecting: null },
  } as unknown as Section
  const events: BranchEvent[] = []
  const keys = new CallKeys({
    rules,
    ...{ zrtp: null as unknown as CallKeysOptions['zrtp'], ownKeys, raise: (event) => events.push(event) },
    sections: () => [section],
  })
  const agree = (description: SecurityDescription): void =>
    keys.start(section, { kind: 'sdes', description, zrtp: false }, remote)
  return { guard, section, events, agree }
}

describe('keys of descriptions', () => {
  it('go on counting where only the other side changes its own: no keystream is used twice', () => {
    const { guard, section, agree } = sdesCall()
    agree(newSdesKey(random, null).description)
    const phone = new SrtpReceiver(masterKeyOf((section.sdes ?? newSdesKey(random, null)).description))
    const heard = (from: number, to: number): boolean =>
      Array.from({ length: to - from }, (_, at) => guard.outRtp(packet(from + at))).every(
        (out) => out !== null && phone.unprotectRtp(out) instanceof Uint8Array,
      )
    expect(heard(0, 70_000)).toBe(true)
    agree(newSdesKey(random, null).description)
    expect(heard(70_000, 70_010)).toBe(true)
  })

  it('are offered anew when theirs nears its end, and the call ends by name where they give no other', () => {
    const { guard, section, events, agree } = sdesCall()
    const theirs = { ...newSdesKey(random, null).description, lifetime: 2 ** 14 }
    agree(theirs)
    const own = section.sdes
    const phone = new SrtpSender(masterKeyOf({ ...theirs, lifetime: null }))
    const hear = (from: number, to: number): void => {
      for (let at = from; at < to; at += 1) {
        const out = phone.protectRtp(packet(at))
        if (out instanceof Uint8Array) guard.inRtp(out)
      }
    }
    const said = (): string[] => events.filter(({ kind }) => kind !== 'keys').map(({ kind }) => kind)
    hear(0, 15_000)
    expect(said()).toEqual(['rekey-needed'])
    expect([section.sdes === own, section.protecting === own]).toEqual([false, true])
    // They answer with the key they had: ours is another one all the same.
    agree(theirs)
    expect(section.protecting).toBe(section.sdes)
    hear(15_000, 16_400)
    expect(said()).toEqual(['rekey-needed', 'lost'])
    expect(events.at(-1)).toMatchObject({ kind: 'lost', why: 'keys-used-up' })
    expect(guard.refused).toBe(16)
  })
})
