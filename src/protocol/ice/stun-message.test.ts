import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8 } from '#shared/bytes/bytes.ts'
import { canonicalIp, ipBytes, ipText, scopeOf } from './ip-address.ts'
import {
  attributeTypes,
  errorAttribute,
  findAddress,
  findAttribute,
  findError,
  findText,
  findUint32,
  findXorAddress,
  mappedAddressAttribute,
  textAttribute,
  uint32Attribute,
  unknownAttributesAttribute,
  unknownRequired,
  xorAddressAttribute,
} from './stun-attributes.ts'
import { decodeStun, encodeStun, methods, verifyIntegrity, type StunClass, type StunMessage } from './stun-message.ts'

interface Vector {
  readonly section: string
  readonly hex: string
  readonly password: string
  readonly username?: string
  readonly realm?: string
  readonly nonce?: string
}

const file = new URL('../../../test/vectors/stun-rfc5769/rfc5769.json', import.meta.url)
const vectors = JSON.parse(readFileSync(file, 'utf8')) as readonly Vector[]
const packetOf = ({ hex }: Vector): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))

function keyOf({ realm, username, password }: Vector): Uint8Array {
  return realm === undefined
    ? utf8(password)
    : createHash('md5')
        .update(`${username ?? ''}:${realm}:${password}`)
        .digest()
}

function decoded(packet: Uint8Array): StunMessage {
  const message = decodeStun(packet)
  if (message === null) throw new Error('not STUN')
  return message
}

const vector = (section: string): Vector => {
  const found = vectors.find((one) => one.section.startsWith(section))
  if (found === undefined) throw new Error(`no vector ${section}`)
  return found
}

describe('the vectors of RFC 5769', () => {
  it('are all there', () => expect(vectors).toHaveLength(4))

  it.each(vectors)('$section is read, authenticated, and written to the same bytes', (one) => {
    const packet = packetOf(one)
    const message = decoded(packet)
    expect(verifyIntegrity(message, keyOf(one))).toBe(true)
    expect(verifyIntegrity(message, utf8('another'))).toBe(false)
    // Three of the four fill attributes with spaces.
    const padding = one.realm === undefined ? 0x20 : 0
    const { class: kind, method, transactionId, attributes, fingerprinted } = message
    const written = encodeStun({
      ...{ class: kind, method, transactionId, attributes, padding },
      ...{ key: keyOf(one), fingerprint: fingerprinted },
    })
    expect(Buffer.from(written).toString('hex')).toBe(one.hex)
  })

  it('say what the RFC says they say', () => {
    const request = decoded(packetOf(vector('2.1.')))
    expect(request).toMatchObject({ class: 'request', method: methods.binding, fingerprinted: true })
    expect(findText(request, attributeTypes.username)).toBe('evtj:h6vY')
    expect(findUint32(request, attributeTypes.priority)).toBe(0x6e0001ff)
    expect(Buffer.from(findAttribute(request, attributeTypes.iceControlled) ?? []).toString('hex')).toBe(
      '932ff9b151263b36',
    )
    const four = decoded(packetOf(vector('2.2.')))
    expect(four.class).toBe('success')
    expect(findXorAddress(four, attributeTypes.xorMappedAddress)).toEqual({ host: '192.0.2.1', port: 32853 })
    const six = decoded(packetOf(vector('2.3.')))
    expect(findXorAddress(six, attributeTypes.xorMappedAddress)).toEqual({
      host: '2001:db8:1234:5678:11:2233:4455:6677',
      port: 32853,
    })
    const long = decoded(packetOf(vector('2.4.')))
    expect(findText(long, attributeTypes.username)).toBe('マトリックス')
    expect(findText(long, attributeTypes.realm)).toBe('example.org')
    expect(findText(long, attributeTypes.nonce)).toBe(vector('2.4.').nonce)
  })

  it.each(vectors)('$section with any bit changed is refused, or no longer vouched for', (one) => {
    const packet = packetOf(one)
    const vouched = decoded(packet)
    const covered = vouched.integrityAt + 24
    for (let bit = 0; bit < packet.length * 8; bit++) {
      const changed = packet.slice()
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const message = decodeStun(changed)
      if (message !== null && bit >> 3 < covered) expect(verifyIntegrity(message, keyOf(one))).toBe(false)
    }
    if (vouched.fingerprinted) {
      const changed = packet.slice()
      changed[packet.length - 1] = (changed[packet.length - 1] ?? 0) ^ 1
      expect(decodeStun(changed)).toBeNull()
    }
    for (let length = 0; length < packet.length; length++) expect(decodeStun(packet.subarray(0, length))).toBeNull()
  })
})

const transactionId = Uint8Array.from({ length: 12 }, (_, at) => at * 7)

describe('STUN messages', () => {
  it('keep class and method, for the methods that RFC 7983 leaves them', () => {
    const classes: readonly StunClass[] = ['request', 'indication', 'success', 'error']
    fc.assert(
      fc.property(fc.constantFrom(...classes), fc.nat(0xff), (kind, method) => {
        const message = decoded(encodeStun({ class: kind, method, transactionId, attributes: [] }))
        expect(message.class).toBe(kind)
        expect(message.method).toBe(method)
        expect([...message.transactionId]).toEqual([...transactionId])
      }),
    )
  })

  it('carry addresses of both families, in clear and masked', () => {
    const host = fc.oneof(fc.ipV4(), fc.uint8Array({ minLength: 16, maxLength: 16 }).map(ipText))
    fc.assert(
      fc.property(host, fc.nat(0xffff), (name, port) => {
        const address = { host: canonicalIp(name) ?? '', port }
        const attributes = [
          mappedAddressAttribute(address),
          xorAddressAttribute(attributeTypes.xorPeerAddress, address, transactionId),
        ]
        const message = decoded(encodeStun({ class: 'indication', method: methods.send, transactionId, attributes }))
        expect(findAddress(message, attributeTypes.mappedAddress)).toEqual(address)
        expect(findXorAddress(message, attributeTypes.xorPeerAddress)).toEqual(address)
      }),
    )
  })

  it('carry refusals, numbers and lists of what was not understood', () => {
    const attributes = [
      errorAttribute({ code: 438, reason: 'Stale Nonce' }),
      uint32Attribute(attributeTypes.lifetime, 0xfffffffe),
      unknownAttributesAttribute([0x7001, 0x0002]),
      textAttribute(0x7777, 'x'),
    ]
    const message = decoded(encodeStun({ class: 'error', method: methods.refresh, transactionId, attributes }))
    expect(findError(message)).toEqual({ code: 438, reason: 'Stale Nonce' })
    expect(findUint32(message, attributeTypes.lifetime)).toBe(0xfffffffe)
    expect([...(findAttribute(message, attributeTypes.unknownAttributes) ?? [])]).toEqual([0x70, 1, 0, 2])
    const known = new Set([attributeTypes.errorCode, attributeTypes.lifetime, attributeTypes.unknownAttributes])
    expect(unknownRequired(message, known)).toEqual([0x7777])
  })

  it('are read up to MESSAGE-INTEGRITY only, as what follows is anybody’s', () => {
    const key = utf8('secret')
    const honest = encodeStun({ class: 'request', method: 1, transactionId, attributes: [], key })
    const added = Buffer.concat([honest, Uint8Array.of(0, 0x25, 0, 0)])
    added.writeUInt16BE(added.length - 20, 2)
    const message = decoded(added)
    expect(verifyIntegrity(message, key)).toBe(true)
    expect(findAttribute(message, attributeTypes.useCandidate)).toBeNull()
  })

  it('are refused when lengths lie or attributes abound', () => {
    const attributes = Array.from({ length: 33 }, () => ({ type: 0x9000, value: new Uint8Array(0) }))
    const packet = encodeStun({ class: 'request', method: 1, transactionId, attributes })
    expect(decodeStun(packet)).toBeNull()
    const one = encodeStun({ class: 'request', method: 1, transactionId, attributes: attributes.slice(0, 1) })
    one[23] = 4
    expect(decodeStun(one)).toBeNull()
    expect(() => encodeStun({ class: 'request', method: 1, transactionId: new Uint8Array(3), attributes: [] })).toThrow(
      RangeError,
    )
  })
})

describe('addresses', () => {
  it('have one spelling each', () => {
    const spellings = {
      '2001:DB8:0:0:0:0:0:1': '2001:db8::1',
      '::': '::',
      '::1': '::1',
      '1::': '1::',
      '2001:db8:0:1:1:1:1:1': '2001:db8:0:1:1:1:1:1',
      '2001:0:0:1:0:0:0:1': '2001:0:0:1::1',
      '2001:db8:0:0:1:0:0:1': '2001:db8::1:0:0:1',
      '::ffff:192.0.2.1': '192.0.2.1',
      '64:ff9b::192.0.2.33': '64:ff9b::c000:221',
      '192.0.2.1': '192.0.2.1',
    }
    for (const [given, one] of Object.entries(spellings)) expect(canonicalIp(given)).toBe(one)
    for (const bad of ['', 'a.local', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', 'fe80::1%eth0', ':::', '1::2::3'])
      expect(canonicalIp(bad)).toBeNull()
  })

  it('come back from their bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        bytes[0] = (bytes[0] ?? 0) | 1
        expect([...(ipBytes(ipText(bytes)) ?? [])]).toEqual([...bytes])
      }),
    )
  })

  it('tell whom a packet would reach', () => {
    const scopes = {
      ...{ '127.0.0.1': 'loopback', '::1': 'loopback', '169.254.1.1': 'link-local', 'fe80::1': 'link-local' },
      ...{ '0.0.0.0': 'none', '::': 'none', '224.0.0.1': 'none', '255.255.255.255': 'none', 'ff02::1': 'none' },
      ...{ '192.0.2.1': 'global', '10.0.0.1': 'global', '2001:db8::1': 'global', 'a.local': 'none', '::7': 'none' },
    }
    for (const [host, scope] of Object.entries(scopes)) expect(scopeOf(host)).toBe(scope)
  })
})
