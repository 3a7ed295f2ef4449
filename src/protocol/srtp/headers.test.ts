import { describe, expect, it } from 'vitest'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { profiles, type ProfileName } from './profiles.ts'
import { SrtpReceiver } from './receiver.ts'
import { SrtpSender } from './sender.ts'
import type { HeaderProtection, MasterKey } from './session.ts'

const names = ['AES_CM_128_HMAC_SHA1_80', 'AES_256_CM_HMAC_SHA1_80', 'AEAD_AES_256_GCM'] as const

function masterFor(name: ProfileName, headers: HeaderProtection): MasterKey {
  const random = new SeededRandom(name)
  const profile = profiles[name]
  return { profile, key: random.bytes(profile.keyBytes), salt: random.bytes(profile.saltBytes), headers }
}

/** A packet with `csrcs` and the header extension given in hexadecimal, of whole words. */
function rtp(csrcs: number, extension: string | null): Buffer {
  const head = Buffer.from(`${extension === null ? '8' : '9'}${csrcs.toString(16)}00000700000001cafebabe`, 'hex')
  return Buffer.concat([
    head,
    Buffer.alloc(4 * csrcs, 'CSRC'),
    Buffer.from(extension ?? '', 'hex'),
    Buffer.from('payload'),
  ])
}

function sealedBy(master: MasterKey, packet: Uint8Array): Buffer {
  const sealed = new SrtpSender(master).protectRtp(packet)
  if (typeof sealed === 'string') throw new Error(sealed)
  return Buffer.from(sealed)
}

function opened(master: MasterKey, packet: Uint8Array): Buffer {
  const plain = new SrtpReceiver(master).unprotectRtp(packet)
  if (typeof plain === 'string') throw new Error(plain)
  return Buffer.from(plain)
}

describe.each(names)('cryptex with %s', (name) => {
  const master = masterFor(name, { kind: 'cryptex' })

  it.each([
    ['one-byte extensions', rtp(0, 'bede000212344556aabbccdd')],
    ['two-byte extensions', rtp(0, '100000020102aabb0300ccdd')],
    ['CSRCs and extensions', rtp(15, 'bede000212344556aabbccdd')],
    ['CSRCs and an empty extension', rtp(3, '10000000')],
  ])('hides %s', (_what, plain) => {
    const sealed = sealedBy(master, plain)
    expect(sealed.subarray(0, 12)).toEqual(plain.subarray(0, 12))
    expect(sealed.includes('CSRC')).toBe(false)
    expect(sealed.includes(Buffer.from('aabb', 'hex'))).toBe(false)
    expect(opened(master, sealed)).toEqual(plain)
  })

  it('adds an empty extension to CSRCs alone, so that the receiver knows', () => {
    const sealed = sealedBy(master, rtp(2, null))
    expect(sealed.includes('CSRC')).toBe(false)
    expect(opened(master, sealed)).toEqual(rtp(2, 'bede0000'))
  })

  it.each([
    ['without anything to hide', rtp(0, null)],
    ['with an extension of another kind', rtp(1, 'abcd000100000001')],
  ])('leaves a packet %s as it is', (_what, plain) => {
    const { headers: _, ...bare } = master
    expect(sealedBy(master, plain)).toEqual(sealedBy(bare, plain))
    expect(opened(master, sealedBy(master, plain))).toEqual(plain)
  })
})

describe.each(names)('encrypted elements with %s', (name) => {
  const master = masterFor(name, { kind: 'elements', ids: new Set([1, 3]) })

  it.each([
    ['one-byte', rtp(1, 'bede000312aabbcc21ddee00302233ff'), 'aabbcc', 'ddee'],
    ['two-byte', rtp(0, '100000030103aabbcc0202ddee030122'), 'aabbcc', 'ddee'],
  ])('hides the chosen of %s ones', (_what, plain, hidden, shown) => {
    const sealed = sealedBy(master, plain)
    expect(sealed.length).toBeGreaterThan(plain.length)
    expect(sealed.includes(Buffer.from(hidden, 'hex'))).toBe(false)
    expect(sealed.includes(Buffer.from(shown, 'hex'))).toBe(true)
    expect(opened(master, sealed)).toEqual(plain)
  })

  it('depends on nothing that was sent before', () => {
    const [sender, plain] = [new SrtpSender(master), rtp(0, 'bede000312aabbcc21ddee00302233ff')]
    for (const sequenceNumber of [0x1234, 0x7fff, 0x8001, 0xffff, 5]) {
      plain.writeUInt16BE(sequenceNumber, 2)
      const sealed = sender.protectRtp(plain)
      if (sequenceNumber !== 5) expect(sealed).toEqual(sealedBy(master, plain))
      // Under another roll-over count it is another packet.
      else expect(sealed).not.toEqual(sealedBy(master, plain))
    }
  })

  it.each(['bede000110000000', 'bede00011faabbcc', 'bede0001f0112233', '1000000101ffaabb', 'abcd0001aabbccdd'])(
    'gives back what does not parse: %s',
    (extension) => {
      const plain = rtp(0, extension)
      expect(opened(master, sealedBy(master, plain))).toEqual(plain)
    },
  )
})
