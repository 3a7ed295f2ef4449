/** What calls keep beside the entries, in process and over the workers. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDatabase } from '#main/history/database.ts'
import type { OpenHistory } from '#main/history/open-history.ts'
import type { ZrtpSecretsToKeep } from '#main/history/call-keys-port.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import { maxZrtpDevices } from '#shared/model/limits.ts'
import { alice, aliceAccount, bob, eve, TestHistory } from './history-fixture.ts'

const other = 'sip:alice@work.example' as Aor
const code = (expected: string): unknown => expect.objectContaining({ code: expected })
const secret = (fill: number) => new Uint8Array(32).fill(fill)
const zidOf = (number: number) => new Uint8Array(new Uint32Array([1, 2, number]).buffer)
const inAnHour = () => Date.now() + 3_600_000

describe.each(['in process', 'in workers'] as const)('keys of calls %s', (where) => {
  let test: TestHistory
  let history: OpenHistory
  let ownZid: Uint8Array
  const open = async () => {
    history = where === 'in process' ? test.open() : await test.openWorkers()
  }
  const keep = (more: Partial<ZrtpSecretsToKeep> = {}) =>
    history.writer.keepZrtpSecrets({
      ...{ account: alice, ownZid, peerZid: zidOf(1), peer: bob, rs1: secret(1), rs2: null, expiresAt: null },
      ...more,
    })
  const peer = (more: { peerZid?: Uint8Array; peer?: Aor; now?: number } = {}) =>
    history.reader.zrtpPeer({ ownZid, peerZid: zidOf(1), peer: bob, now: Date.now(), ...more })
  const compared = (verified: boolean, name: string, by: Aor = bob) =>
    history.writer.setZrtpVerified({ ownZid, peerZid: zidOf(1), peer: by, verified, name })

  beforeEach(async () => {
    test = new TestHistory()
    await open()
    const accounts = [
      { id: aliceAccount, aor: alice },
      { id: 'BBBBBBBBBBBBBBBBBBBBBA' as AccountId, aor: other },
    ]
    await history.writer.commit({ accounts })
    ownZid = await history.writer.zrtpZid(alice)
  })
  afterEach(() => test.remove())

  it('one ZID per account, the same after a restart', async () => {
    expect(ownZid).toHaveLength(12)
    expect(ownZid.constructor).toBe(Uint8Array)
    const both = await Promise.all([history.writer.zrtpZid(other), history.writer.zrtpZid(other)])
    expect(both[0]).toEqual(both[1])
    expect(both[0]).not.toEqual(ownZid)
    await history.close()
    await open()
    expect(await history.writer.zrtpZid(alice)).toEqual(ownZid)
    await expect(history.writer.zrtpZid(eve)).rejects.toEqual(code('not-found'))
  })

  it('lists the devices of one contact, the last one called first', async () => {
    await keep()
    await keep({ peerZid: zidOf(2), peer: eve })
    await compared(true, 'Laptop')
    expect(await history.reader.zrtpDevices(alice, bob)).toEqual([
      { peerZid: zidOf(1), verified: true, name: 'Laptop', updatedAt: expect.any(Number) as number },
    ])
    expect((await history.reader.zrtpDevices(alice, eve)).map(({ peerZid }) => peerZid)).toEqual([zidOf(2)])
    expect(await history.reader.zrtpDevices(other, bob)).toEqual([])
  })

  it('secrets of a pair of devices replace each other and survive a restart', async () => {
    expect(await peer()).toBeNull()
    await keep()
    expect(await peer()).toEqual({ rs1: secret(1), rs2: null, verified: false, name: '' })
    await compared(true, 'Desk')
    await keep({ rs1: secret(2), rs2: secret(1), expiresAt: inAnHour() })
    await history.close()
    await open()
    expect(await peer()).toEqual({ rs1: secret(2), rs2: secret(1), verified: true, name: 'Desk' })
    expect(await peer({ peerZid: zidOf(2) })).toBeNull()
    await keep({ rs1: secret(3), verified: false })
    expect(await peer()).toMatchObject({ verified: false, name: 'Desk' })
  })

  it('what was compared with one person says nothing about another on the same device', async () => {
    await keep({ verified: true })
    await compared(true, 'Desk')
    expect(await peer({ peer: eve })).toEqual({ rs1: secret(1), rs2: null, verified: false, name: '' })
    await compared(true, 'Fake', eve)
    expect(await peer()).toMatchObject({ verified: true, name: 'Desk' })
    await keep({ peer: eve })
    expect(await history.reader.zrtpVerifiedWith(alice, eve)).toBe(false)
    expect(await peer({ peer: eve })).toMatchObject({ verified: false, name: '' })
  })

  it('a contact is compared with once any of its devices is', async () => {
    await keep()
    expect(await history.reader.zrtpVerifiedWith(alice, bob)).toBe(false)
    await compared(true, '')
    await keep({ peerZid: zidOf(2) })
    expect(await history.reader.zrtpVerifiedWith(alice, bob)).toBe(true)
    expect(await history.reader.zrtpVerifiedWith(other, bob)).toBe(false)
    await compared(false, '')
    expect(await history.reader.zrtpVerifiedWith(alice, bob)).toBe(false)
  })

  it('secrets end when they should, and are erased with the next that are kept', async () => {
    const expiresAt = inAnHour()
    await keep({ expiresAt, verified: true })
    await compared(true, 'Desk')
    expect(await peer({ now: expiresAt - 1 })).toMatchObject({ rs1: secret(1), verified: true })
    expect(await peer({ now: expiresAt })).toEqual({ rs1: null, rs2: null, verified: false, name: 'Desk' })
    await keep({ expiresAt: Date.now() - 1 })
    expect(await peer({ now: 0 })).toMatchObject({ rs1: null, rs2: null })
    // That this contact was compared with keeps guarding against less.
    expect(await history.reader.zrtpVerifiedWith(alice, bob)).toBe(true)
    // A new line of secrets does not inherit what was compared under the old one.
    await keep({ rs1: secret(9) })
    expect(await peer()).toMatchObject({ rs1: secret(9), verified: false })
  })

  it('ever new devices of a peer fill no disk and push out none that was compared with', async () => {
    await keep({ verified: true })
    await keep({ peerZid: zidOf(2) })
    const more = Array.from({ length: maxZrtpDevices + 7 }, (_, index) => index + 3)
    await Promise.all(more.map((number) => keep({ peerZid: zidOf(number) })))
    const db = openDatabase({ path: test.path, key: test.key, role: 'reader' })
    expect(db.prepare('SELECT count(*) FROM zrtp_peer').pluck().get()).toBe(maxZrtpDevices)
    db.close()
    expect(await peer()).toMatchObject({ verified: true })
    expect(await peer({ peerZid: zidOf(2) })).toBeNull()
    expect(await peer({ peerZid: zidOf(maxZrtpDevices + 9) })).not.toBeNull()
  })

  it('remembers which keys last worked, and forgets', async () => {
    const memory = () => history.reader.callMemory(alice, bob)
    expect(await memory()).toBeNull()
    await history.writer.rememberCallKeys({ account: alice, peer: bob, keys: 'as-before' })
    expect(await memory()).toBeNull()
    await history.writer.rememberCallKeys({ account: alice, peer: bob, keys: 'sdes' })
    await history.writer.rememberCallKeys({ account: alice, peer: bob, keys: 'dtls' })
    expect(await memory()).toMatchObject({ keys: 'dtls' })
    const { learnedAt } = (await memory()) ?? { learnedAt: 0 }
    expect(learnedAt).toBeGreaterThan(0)
    await history.writer.rememberCallKeys({ account: alice, peer: bob, keys: 'as-before' })
    const again = await memory()
    expect(again?.keys).toBe('dtls')
    expect(again?.learnedAt).toBeGreaterThanOrEqual(learnedAt)
    await history.writer.rememberCallKeys({ account: alice, peer: bob, keys: null })
    expect(await memory()).toBeNull()
  })

  it('all of it goes with the account, and nothing comes back from a call that ends later', async () => {
    await keep()
    await history.writer.rememberCallKeys({ account: alice, peer: bob, keys: 'zrtp' })
    const otherZid = await history.writer.zrtpZid(other)
    await keep({ account: other, ownZid: otherZid })
    await history.writer.commit({ eraseAccounts: [alice] })
    await expect(keep()).rejects.toEqual(code('not-found'))
    await expect(history.writer.rememberCallKeys({ account: alice, peer: bob, keys: 'zrtp' })).rejects.toEqual(
      code('not-found'),
    )
    const db = openDatabase({ path: test.path, key: test.key, role: 'reader' })
    for (const table of ['zrtp_peer', 'zrtp_zid', 'call_memory']) {
      expect(db.prepare(`SELECT count(*) FROM ${table} WHERE account = ?`).pluck().get(alice), table).toBe(0)
    }
    expect(db.prepare('SELECT count(*) FROM zrtp_peer').pluck().get()).toBe(1)
    db.close()
  })

  it('refuses what has not the length of a ZID or a secret, and a ZID that is not ours', async () => {
    await expect(keep({ rs1: new Uint8Array(31) })).rejects.toEqual(code('invalid-argument'))
    await expect(keep({ rs2: new Uint8Array(33) })).rejects.toEqual(code('invalid-argument'))
    await expect(keep({ peerZid: new Uint8Array(11) })).rejects.toEqual(code('invalid-argument'))
    await expect(keep({ ownZid: zidOf(7) })).rejects.toEqual(code('not-found'))
    expect(await peer()).toBeNull()
  })
})
