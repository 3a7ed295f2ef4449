import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '#shared/bytes/bytes.ts'
import { decodeBatch } from '#shared/replication/batch.ts'
import { checkBatch } from '#shared/replication/check-batch.ts'
import { encodeEnvelopeStart, finishHeader } from '#shared/replication/envelope.ts'
import { publicKeyOf, verifyEd25519 } from '#main/keys/key-pairs.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { sha256 } from '#test/integration/history/history-fixture.ts'
import vector from '../../../test/vectors/replication/batch.json' with { type: 'json' }
import { epochCommitment, openEpochKey, sealEpochKey } from './epoch-keys.ts'
import { EpochKeyring } from './epoch-keyring.ts'
import { openBody, sealBody } from './sealing.ts'

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))
const key = new Uint8Array(randomBytes(32))
const start = encodeEnvelopeStart({
  ...{ device: new Uint8Array(16).fill(1), seq: 5, epoch: 2 },
  ...{ salt: new Uint8Array(randomBytes(32)), previous: new Uint8Array(32) },
})
const headerFor = (body: Uint8Array) => finishHeader(start, sha256(body))

describe('a body', () => {
  it('opens with its key and header', () => {
    for (const content of [utf8(''), utf8('hello'), new Uint8Array(100_000).fill(7)]) {
      const body = sealBody(key, start, content)
      expect(openBody(key, headerFor(body), body)).toEqual(content)
    }
  })

  it('is as long as others of about its size', () => {
    const lengths = [0, 5, 252].map((length) => sealBody(key, start, new Uint8Array(length)).length)
    expect(lengths).toEqual([272, 272, 272])
    expect(sealBody(key, start, new Uint8Array(253))).toHaveLength(528)
  })

  it('does not open with another key, under another header, or changed', () => {
    const body = sealBody(key, start, utf8('hello'))
    const header = headerFor(body)
    expect(openBody(new Uint8Array(32), header, body)).toBeNull()
    for (let at = 0; at < start.length; at += 1)
      expect(openBody(key, header.with(at, (header[at] ?? 0) ^ 1), body)).toBeNull()
    for (const at of [0, 100, body.length - 1])
      expect(openBody(key, header, body.with(at, (body[at] ?? 0) ^ 1))).toBeNull()
    for (const length of [0, 15, 16, 271]) expect(openBody(key, header, body.subarray(0, length))).toBeNull()
  })
})

describe('a keyring', () => {
  it('seals with the newest key and opens with any it has', () => {
    const keyring = new EpochKeyring()
    expect(() => keyring.epoch).toThrow('locked')
    keyring.add(2, key)
    const body = keyring.seal(start, utf8('then'))
    keyring.add(3, new Uint8Array(32))
    expect(keyring.epoch).toBe(3)
    expect(keyring.open(headerFor(body), body)).toEqual(utf8('then'))
    keyring.drop(2)
    expect(keyring.open(headerFor(body), body)).toBe('no-key')
    expect(keyring.open(Uint8Array.of(1), body)).toBeNull()
    keyring.wipe()
    expect(() => keyring.seal(start, utf8('now'))).toThrow('locked')
  })
})

describe('an epoch’s key in a box', () => {
  const seed = new Uint8Array(randomBytes(32))
  const name = { account: 'sip:alice@example.org', epoch: 4 }
  const box = sealEpochKey(key, publicKeyOf('x25519', seed), name, systemRandom)
  const commitment = epochCommitment(key)

  it('comes out for its recipient, when it is the one the chain names', () => {
    expect(openEpochKey(box, seed, { ...name, commitment })).toEqual(key)
    expect(openEpochKey(box, new Uint8Array(randomBytes(32)), { ...name, commitment })).toBeNull()
    expect(openEpochKey(box, seed, { ...name, commitment: epochCommitment(new Uint8Array(32)) })).toBeNull()
    expect(openEpochKey(box, seed, { ...name, epoch: 5, commitment })).toBeNull()
    expect(openEpochKey(box, seed, { ...name, account: 'sip:eve@example.org', commitment })).toBeNull()
    expect(openEpochKey(box.subarray(1), seed, { ...name, commitment })).toBeNull()
  })
})

describe('the published vector', () => {
  it('is a batch that holds, and opens to what it says', () => {
    const crypto = { hash: sha256, verify: verifyEd25519 }
    const keyOf = () => bytes(vector.devicePublicKey)
    const checked = checkBatch(bytes(vector.batch), { account: vector.account, keyOf, crypto })
    expect(checked.ok && checked.value.head).toMatchObject({ seq: 44, count: 3, epoch: 3, before: 1_799_999_990_000 })
    const epochKey = openEpochKey(bytes(vector.box.sealed), bytes(vector.box.recipientSeed), {
      ...{ account: vector.account, epoch: vector.epoch.number, commitment: bytes(vector.epoch.commitment) },
    })
    expect(toHex(epochKey ?? new Uint8Array())).toBe(vector.epoch.key)
    const { envelopes, head, signature } = decodeBatch(bytes(vector.batch))
    expect([toHex(head), toHex(signature)]).toEqual([vector.head, vector.signature])
    expect(
      envelopes.map(({ header, body }) => ({ header: toHex(header), body: toHex(body ?? new Uint8Array()) })),
    ).toEqual(vector.envelopes)
    const opened = envelopes.map(({ header, body }) =>
      openBody(bytes(vector.epoch.key), header, body ?? new Uint8Array()),
    )
    expect(opened.map((content) => toHex(content ?? Uint8Array.of(0xff)))).toEqual(vector.contents)
  })
})
