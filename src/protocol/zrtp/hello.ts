/** The Hello message (RFC 6189 §5.2). */
import { implicitMac } from './implicit.ts'
import { frame, headBytes, imageBytes, shortMacBytes, zidBytes } from './message.ts'
import { concatBytes, copyOf } from '#shared/bytes/bytes.ts'
import { ascii, asciiText, FieldReader } from './wire.ts'

/** Unknown algorithms stay in the lists under their four characters. */
export interface Hello {
  /** Four characters; only the first three count in comparisons (§4.1.1). */
  readonly version: string
  /** Sixteen characters. */
  readonly clientId: string
  readonly h3: Uint8Array
  readonly zid: Uint8Array
  readonly signatureCapable: boolean
  /** Sent by a device that may relay a SAS, usually a PBX. */
  readonly mitm: boolean
  /** Never sends a Commit. */
  readonly passive: boolean
  readonly hashes: readonly string[]
  readonly ciphers: readonly string[]
  readonly authTags: readonly string[]
  readonly keyAgreements: readonly string[]
  readonly sasTypes: readonly string[]
}

export const zrtpVersion = '1.10'
const clientIdBytes = 16
const fixedBytes = headBytes + 4 + clientIdBytes + imageBytes + zidBytes + 4
const maxOfAKind = 7

const flags = { signatureCapable: 0x40, mitm: 0x20, passive: 0x10 } as const

/** The message with the MAC of key H2. @throws RangeError for more than seven algorithms of a kind */
export function encodeHello(hello: Hello, h2: Uint8Array): Uint8Array {
  const lists = [hello.hashes, hello.ciphers, hello.authTags, hello.keyAgreements, hello.sasTypes]
  const [hc = 0, cc = 0, ac = 0, kc = 0, sc = 0] = lists.map((list) => list.length)
  if (lists.some((list) => list.length > maxOfAKind)) throw new RangeError('more than seven algorithms of a kind')
  const flagOctet =
    (hello.signatureCapable ? flags.signatureCapable : 0) |
    (hello.mitm ? flags.mitm : 0) |
    (hello.passive ? flags.passive : 0)
  const body = [
    ascii(hello.version),
    ascii(hello.clientId.padEnd(clientIdBytes).slice(0, clientIdBytes)),
    hello.h3,
    hello.zid,
    Uint8Array.of(flagOctet, hc, (cc << 4) | ac, (kc << 4) | sc),
    ...lists.flat().map(ascii),
  ]
  const unsigned = frame('Hello   ', body, shortMacBytes)
  return concatBytes(unsigned, implicitMac(h2, unsigned))
}

/** The Hello in a message of its type, or null where its lengths or counts do not fit. */
export function decodeHello(message: Uint8Array): Hello | null {
  if (message.length < fixedBytes + shortMacBytes) return null
  const fields = new FieldReader(message, headBytes)
  const [version, clientId] = [fields.text(4), fields.text(clientIdBytes)]
  const [h3, zid] = [copyOf(fields.take(imageBytes)), copyOf(fields.take(zidBytes))]
  const flagOctets = fields.take(4)
  const [flagOctet = 0] = flagOctets
  const counts = countsOf(flagOctets)
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (counts.some((count) => count > maxOfAKind) || message.length !== fixedBytes + total * 4 + shortMacBytes)
    return null
  const [hashes, ciphers, authTags, keyAgreements, sasTypes] = counts.map((count) =>
    Array.from({ length: count }, () => asciiText(fields.take(4))),
  )
  if (!hashes || !ciphers || !authTags || !keyAgreements || !sasTypes) return null
  return {
    version,
    clientId,
    h3,
    zid,
    signatureCapable: (flagOctet & flags.signatureCapable) !== 0,
    mitm: (flagOctet & flags.mitm) !== 0,
    passive: (flagOctet & flags.passive) !== 0,
    hashes,
    ciphers,
    authTags,
    keyAgreements,
    sasTypes,
  }
}

/** hc, cc, ac, kc, sc: four bits each, after twelve of flags. */
function countsOf([, low = 0, middle = 0, last = 0]: Uint8Array): readonly number[] {
  return [low & 0x0f, middle >>> 4, middle & 0x0f, last >>> 4, last & 0x0f]
}
