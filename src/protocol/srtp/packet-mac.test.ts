import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { endsWithTag, messageStart, PacketMac, writeTag } from './packet-mac.ts'

function tagOf(mac: PacketMac, message: Uint8Array): string {
  mac.roomFor(message.length).set(message, messageStart)
  return mac.tag(message.length)
}

describe.each([
  ['hashes', true],
  ['an HMAC object', false],
])('by %s', (_name, byHashes) => {
  it('is HMAC-SHA1 (RFC 2202, case 1)', () => {
    const mac = new PacketMac(Buffer.alloc(20, 0x0b), byHashes)
    const tag = Buffer.from(tagOf(mac, Buffer.from('Hi There')), 'latin1')
    expect(tag.toString('hex')).toBe('b617318655057264e28bc0b6fb378c8ef146be00')
  })

  it('is the HMAC of any message, whatever the one before was', () => {
    const random = new SeededRandom('mac')
    const key = random.bytes(20)
    const mac = new PacketMac(key, byHashes)
    for (const length of [0, 1, 55, 56, 1536, 64, 5000, 12, 3000]) {
      const message = random.bytes(length)
      expect(tagOf(mac, message)).toBe(createHmac('sha1', key).update(message).digest('binary'))
    }
  })
})

describe('tags', () => {
  it('are written and compared byte by byte', () => {
    const tag = '\x00\xff\x7f\x80'
    const packet = new Uint8Array(6)
    writeTag(tag, packet, 2, 4)
    expect([...packet]).toEqual([0, 0, 0, 255, 127, 128])
    expect(endsWithTag(packet, tag, 4)).toBe(true)
    for (let at = 2; at < 6; at += 1) {
      const changed = Uint8Array.from(packet)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(endsWithTag(changed, tag, 4)).toBe(false)
    }
  })
})
