import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { newSpoolKey, sealKeyOf } from './sealed-record.ts'
import { decodeSpoolRecord, encodeSpoolRecord, type SpooledCall, type SpoolRecord } from './spool-record.ts'
import { fits, maxSpoolBytes, maxSpoolRecords } from './spool-bounds.ts'
import { Spool } from './spool.ts'
import { SpoolStore } from './spool-store.ts'

const accountId = 'A'.repeat(22) as AccountId
const [alice, bob] = ['sip:alice@example.org', 'sip:bob@example.org'] as [Aor, Aor]

function message(text: string): SpoolRecord {
  const ends = { accountId, from: bob, fromName: 'Bob', to: alice, fromSelf: false, storedAt: null }
  const body = { ...ends, path: 'sip-message', contentType: 'text/plain', transportId: text } as const
  return { kind: 'body', at: 1_700_000_000_000, body: { ...body, payload: utf8(text) } }
}
const call: SpooledCall = {
  ...{ kind: 'call', at: 5, accountId, from: bob, fromName: '', sipCallId: 'x@y', outcome: 'missed', video: true },
}
const textOf = (record: SpoolRecord): string => (record.kind === 'body' ? record.body.transportId : record.kind)

describe('the spool', () => {
  const random = new SeededRandom('spool')
  const key = newSpoolKey(random)
  const seal = sealKeyOf(key)
  let folder: string
  const open = (): Spool => new Spool({ store: new SpoolStore(path.join(folder, 'spool')), random })
  const files = (): string[] => readdirSync(path.join(folder, 'spool'))
  const fileAt = (index: number): string => path.join(folder, 'spool', files()[index] ?? '')

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'sotto-spool-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  async function drained(spool: Spool, verdict: 'done' | 'later' = 'done') {
    const seen: SpoolRecord[] = []
    const report = await spool.drain(key, (record) => {
      seen.push(record)
      return Promise.resolve(verdict)
    })
    return { seen, report }
  }

  it('goes on in a new folder when everything was erased', async () => {
    const spool = open()
    expect(await spool.append(seal, message('before'))).toBe(true)
    rmSync(path.join(folder, 'spool'), { recursive: true })
    expect((await drained(spool)).report).toEqual({ applied: 0, refused: 0, left: 0 })
    expect(await spool.append(seal, message('after'))).toBe(true)
    expect((await drained(spool)).seen).toEqual([message('after')])
  })

  it('gives back what it took, in order, after a restart, once', async () => {
    const first = open()
    const records = [...Array.from({ length: 12 }, (_, n) => message(`m${n}`)), call]
    expect(await Promise.all(records.map((record) => first.append(seal, record)))).toEqual(records.map(() => true))
    const { seen, report } = await drained(open())
    expect(seen).toEqual(records)
    expect(report).toEqual({ applied: 13, refused: 0, left: 0 })
    expect(files()).toEqual([])
    expect((await drained(open())).seen).toEqual([])
  })

  it('writes nothing that can be read without the private key', async () => {
    await open().append(seal, message('Meet me at the lighthouse'))
    const bytes = readFileSync(fileAt(0))
    for (const word of ['lighthouse', 'bob', 'text/plain']) expect(bytes.includes(word)).toBe(false)
  })

  it('keeps what cannot be applied yet, and goes on counting after it', async () => {
    const spool = open()
    await spool.append(seal, message('a'))
    expect((await drained(spool, 'later')).report).toEqual({ applied: 0, refused: 0, left: 1 })
    await open().append(seal, message('b'))
    expect((await drained(open())).seen.map(textOf)).toEqual(['a', 'b'])
  })

  it('refuses what was changed, cut, swapped or put there, takes the rest, and is rid of all', async () => {
    const spool = open()
    for (const text of ['whole', 'changed', 'cut', 'empty', 'moved']) await spool.append(seal, message(text))
    const bytes = readFileSync(fileAt(1))
    writeFileSync(fileAt(1), bytes.fill(1, 40, 41))
    truncateSync(fileAt(2), 60)
    truncateSync(fileAt(3), 0)
    writeFileSync(path.join(folder, 'spool', '000000000000099.sealed'), readFileSync(fileAt(0)))
    writeFileSync(path.join(folder, 'spool', 'half-written.sealed.new'), 'x')
    const { seen, report } = await drained(open())
    expect(seen.map(textOf)).toEqual(['whole', 'moved'])
    expect(report).toEqual({ applied: 2, refused: 4, left: 0 })
    expect(files()).toEqual([])
  })

  it('refuses everything where the key is lost, without failing', async () => {
    await open().append(seal, message('a'))
    expect(await open().drain(null, () => Promise.resolve('done'))).toEqual({ applied: 0, refused: 1, left: 0 })
  })

  it('says when it is full, and takes again once there is room', async () => {
    const spool = open()
    const big = (text: string): SpoolRecord => {
      const made = message(text)
      return made.kind === 'body' ? { ...made, body: { ...made.body, payload: new Uint8Array(2 * 1024 * 1024) } } : made
    }
    let taken = 0
    while (taken < 100 && (await spool.append(seal, big(`m${taken}`)))) taken += 1
    expect(taken).toBe(31)
    expect(await spool.append(seal, big('one more'))).toBe(false)
    expect(await open().append(seal, big('after a restart'))).toBe(false)
    await drained(spool)
    expect(await spool.append(seal, big('again'))).toBe(true)
  }, 60_000)

  it('bounds records and bytes', () => {
    expect(fits({ records: maxSpoolRecords - 1, bytes: 0 }, 1)).toBe(true)
    expect(fits({ records: maxSpoolRecords, bytes: 0 }, 1)).toBe(false)
    expect(fits({ records: 0, bytes: maxSpoolBytes - 1 }, 1)).toBe(true)
    expect(fits({ records: 0, bytes: maxSpoolBytes }, 1)).toBe(false)
    expect(fits({ records: 0, bytes: 0 }, 3 * 1024 * 1024)).toBe(false)
  })

  it('reads no record of another form', () => {
    const good = encodeSpoolRecord(message('x'))
    expect(decodeSpoolRecord(good)).toEqual(message('x'))
    for (const bad of [
      new Uint8Array(),
      new Uint8Array(3),
      new Uint8Array([255, 255, 255, 255]),
      utf8('\0\0\0\u0002{}'),
    ])
      expect(decodeSpoolRecord(bad)).toBeNull()
    const foreign = utf8(JSON.stringify({ ...call, from: 'nobody' }))
    expect(decodeSpoolRecord(Uint8Array.from([0, 0, 0, foreign.length, ...foreign]))).toBeNull()
  })
})
