import { describe, expect, it } from 'vitest'
import { toHex } from '../bytes/bytes.ts'
import { ProtocolError } from '../errors.ts'
import vector from '../../../test/vectors/replication/heads.json' with { type: 'json' }
import {
  decodeHeads,
  decodeStatement,
  encodeHeads,
  encodeHeadsFront,
  encodeStatement,
  headsFrontBytes,
  isHeads,
  maxHeadsBytes,
  type HeadsStatement,
} from './heads.ts'

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))
const message = bytes(vector.message)
const statement: HeadsStatement = {
  ...{ version: 1, account: 'sip:alice@example.org', device: new Uint8Array(16).fill(1), epoch: 3, at: 5 },
  chain: { length: 1, head: new Uint8Array(32).fill(2) },
  frontier: [1, 2].map((n) => ({ device: new Uint8Array(16).fill(n), seq: n, hash: new Uint8Array(32), at: n })),
}
const codeOf = (run: () => unknown): string => {
  try {
    run()
    return 'none'
  } catch (error) {
    if (error instanceof ProtocolError) return String(error.code)
    throw error
  }
}

describe('heads', () => {
  it('have the front and the statement that the vector says', () => {
    const { device, epoch, salt, front, signature, sealed } = decodeHeads(message)
    expect([front, signature].map(toHex)).toEqual([vector.front, vector.signature])
    expect([toHex(device), epoch]).toEqual([vector.device, vector.epoch.number])
    expect(encodeHeadsFront({ device, epoch, salt })).toEqual(front)
    expect(encodeHeads({ front, signature, sealed })).toEqual(message)
    const read = decodeStatement(bytes(vector.statement))
    expect(read).toMatchObject({ account: vector.account, chain: { length: 5 }, epoch: 3 })
    expect(read.frontier.map(({ seq }) => seq).sort()).toEqual([44, 9])
    expect(toHex(encodeStatement(read))).toBe(vector.statement)
  })

  it('are told by their type, however it is written', () => {
    expect(isHeads(' Application/vnd.Sotto.heads ; x=1')).toBe(true)
    expect(isHeads('application/vnd.sotto.headset')).toBe(false)
  })

  it('are refused in any other form', () => {
    expect(codeOf(() => decodeHeads(message.subarray(0, headsFrontBytes + 64)))).toBe('bad-length')
    expect(codeOf(() => decodeHeads(new Uint8Array(maxHeadsBytes + 1).fill(1)))).toBe('bad-length')
    expect(codeOf(() => decodeHeads(message.with(0, 2)))).toBe('bad-version')
    const noEpoch = message.slice()
    noEpoch.fill(0, 17, 21)
    expect(codeOf(() => decodeHeads(noEpoch))).toBe('bad-number')
    expect(codeOf(() => encodeHeadsFront({ ...decodeHeads(message), epoch: 0 }))).toBe('bad-number')
    expect(codeOf(() => encodeHeadsFront({ ...decodeHeads(message), salt: new Uint8Array(31) }))).toBe('bad-length')
  })

  it('say nothing where a statement is not one', () => {
    const signed = (one: Uint8Array) => codeOf(() => decodeStatement(one))
    expect(signed(encodeStatement(statement))).toBe('none')
    expect(signed(new Uint8Array(8192))).toBe('bad-length')
    const whole = encodeStatement(statement)
    for (let length = 0; length < whole.length; length += 1) expect(signed(whole.subarray(0, length))).not.toBe('none')
    for (const wrong of [
      { ...statement, frontier: statement.frontier.toReversed() },
      { ...statement, frontier: [...statement.frontier, statement.frontier[1]!] },
      { ...statement, at: -1 },
      { ...statement, chain: { length: 0, head: new Uint8Array(32) } },
      { ...statement, chain: { length: 1, head: new Uint8Array(31) } },
      { ...statement, device: new Uint8Array(15) },
    ])
      expect(codeOf(() => encodeStatement(wrong))).toBe('bad-shape')
  })

  it('have room for as many devices as a chain may have', () => {
    const frontier = Array.from({ length: 64 }, (_, n) => {
      const last = Number.MAX_SAFE_INTEGER
      return { device: new Uint8Array(16).fill(n), seq: last, hash: new Uint8Array(32), at: last }
    })
    const account = `sip:${'a'.repeat(396)}`
    expect(encodeStatement({ ...statement, account, frontier }).length).toBeLessThan(8192 - 4)
  })
})
