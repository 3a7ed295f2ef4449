import type * as Crypto from 'node:crypto'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { held, leftOf, srtpKeysAmong, type HeldBuffer } from '#test/fakes/watched-crypto.ts'
import { messageStart, PacketMac, writeTag } from './packet-mac.ts'
import { profiles, type ProfileName } from './profiles.ts'
import { SrtpReceiver } from './receiver.ts'
import { SrtpSender } from './sender.ts'
import type { HeaderProtection, MasterKey } from './session.ts'

vi.mock('node:crypto', async (original) => {
  const { watched } = await import('#test/fakes/watched-crypto.ts')
  return watched(await original<typeof Crypto>())
})

const names = Object.keys(profiles) as ProfileName[]
const cryptex: HeaderProtection = { kind: 'cryptex' }
const elements: HeaderProtection = { kind: 'elements', ids: new Set([1]) }

function masterFor(name: ProfileName, headers?: HeaderProtection): MasterKey {
  const random = new SeededRandom(`${name} wiped`)
  const profile = profiles[name]
  const key = { profile, key: random.bytes(profile.keyBytes), salt: random.bytes(profile.saltBytes) }
  return headers === undefined ? key : { ...key, headers }
}

/** With a header extension. */
function rtpOf(sequenceNumber: number, bytes: number): Buffer {
  const head = Buffer.from('90000001000000010cafebabbede000112345678', 'hex')
  head.writeUInt16BE(sequenceNumber, 2)
  return Buffer.concat([head, Buffer.alloc(bytes, 'a voice')])
}

const rtp = rtpOf(1, 160)
/** More than the workspace that is made first has room for. */
const large = rtpOf(2, 1600)
const rtcp = Buffer.concat([Buffer.from('80c800060cafebab', 'hex'), Buffer.alloc(20, 7)])

const secretsHeld = (): readonly HeldBuffer[] => srtpKeysAmong(held)

beforeEach(() => void held.splice(0))

describe('an end of SRTP', () => {
  const cases = names.flatMap((name) => [undefined, cryptex, elements].map((headers) => ({ name, headers })))

  it.each(cases)('of $name with $headers.kind leaves no key behind when it is closed', ({ name, headers }) => {
    const master = masterFor(name, headers)
    const [sender, receiver] = [new SrtpSender(master), new SrtpReceiver(master)]
    const [media, more, report] = [sender.protectRtp(rtp), sender.protectRtp(large), sender.protectRtcp(rtcp)]
    if (typeof media === 'string' || typeof more === 'string' || typeof report === 'string') throw new Error('refused')
    const plain = [receiver.unprotectRtp(media), receiver.unprotectRtp(more), receiver.unprotectRtcp(report)]
    expect(plain).toEqual([rtp, large, rtcp])
    expect(leftOf(secretsHeld())).not.toEqual([])
    sender.close()
    expect(leftOf(secretsHeld())).not.toEqual([])
    receiver.close()
    expect(leftOf(secretsHeld())).toEqual([])
  })

  it.each(names)('of %s protects and takes nothing once it is closed, not even under its zeros', (name) => {
    const master = masterFor(name)
    const [sender, receiver] = [new SrtpSender(master), new SrtpReceiver(master)]
    for (const end of [sender, receiver]) end.close()
    expect([sender.protectRtp(rtp), sender.protectRtcp(rtcp)]).toEqual(['key-used-up', 'key-used-up'])
    const other = new SrtpSender(master)
    expect(receiver.unprotectRtp(other.protectRtp(rtp) as Uint8Array)).toBeTypeOf('string')
    expect(receiver.unprotectRtcp(other.protectRtcp(rtcp) as Uint8Array)).toBeTypeOf('string')
  })

  it('takes nothing that a forger authenticates with its zeros', () => {
    const receiver = new SrtpReceiver(masterFor('AES_CM_128_HMAC_SHA1_80'))
    receiver.close()
    const zeros = new PacketMac(new Uint8Array(20))
    const [work, forged] = [zeros.roomFor(rtp.length + 4), Buffer.concat([rtp, Buffer.alloc(10)])]
    zeros.close()
    work.set(rtp, messageStart)
    writeTag(zeros.tag(rtp.length + 4), forged, rtp.length, 10)
    expect(receiver.unprotectRtp(forged)).toBe('key-used-up')
  })
})
