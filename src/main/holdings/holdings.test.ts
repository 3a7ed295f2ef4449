import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { SottoError } from '#shared/errors.ts'
import { type HistoryHoldings, holdingKinds, noAmounts } from '#shared/model/holdings.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import { preparePaths } from '#main/platform/profile-paths.ts'
import { Holdings, type HeldAccount, type ServerListPort } from './holdings.ts'

const id = (name: string) => name.padEnd(22, '_') as AccountId
const aor = (name: string) => `sip:${name}@home.example` as Aor
const me = {
  account: { user: 'alice', domain: 'home.example', createdDay: '2026-11-01', holdsHa1: ['SHA-256'], passwordEpoch: 0 },
  devices: [{ instance: 'urn:uuid:1', lastSeenDay: '2026-11-22', waiting: 2 }],
  ...{ mailbox: { messages: 2, bytes: 300 }, sentWaiting: { messages: 1, bytes: 90 } },
  ...{ bindings: [], echoDevices: [{ zid: 'z', lastCallDay: '2026-11-20' }] },
  replica: { links: 2, boxes: 1, devices: [], batches: 3, bytes: 900, oldestDay: '2026-11-20', erasure: null },
}

let did: string[]
let unreachable: string | null
let left: Aor[]
beforeEach(() => {
  did = []
  unreachable = null
  left = [aor('alice'), aor('bob')]
})

const list = (name: string): ServerListPort => ({
  describe: () => Promise.resolve(me),
  close: () => {
    if (unreachable === name) return Promise.reject(new SottoError('server-unreachable'))
    did.push(`close ${name}`)
    return Promise.resolve({ accounts: 0, devices: 0, messages: 0, bindings: 0, echoDevices: 0, replica: 0 })
  },
})

const history = (): HistoryHoldings => ({
  kinds: noAmounts(holdingKinds),
  accounts: left.map((account) => ({ account, count: 4, bytes: 9, conversations: 0 })),
  conversations: [],
})

function holdings({ keeps = false } = {}): Holdings {
  const folder = mkdtempSync(path.join(tmpdir(), 'sotto-holdings-'))
  const paths = preparePaths(folder, 'alice')
  rmSync(folder, { recursive: true })
  const account = (name: string, port: ServerListPort | null): HeldAccount => ({
    ...{ id: id(name), aor: aor(name), server: `${name}.example`, list: port },
  })
  return new Holdings({
    ...{ profile: 'alice', paths, reader: { holdings: () => Promise.resolve(history()) } },
    accounts: () => [account('alice', list('alice')), account('carol', null), account('bob', list('bob'))],
    removeAccount: (removed) => {
      did.push(`remove ${removed.replaceAll('_', '')}`)
      if (!keeps) left = left.filter((name) => id(name.slice(4).split('@')[0] ?? '') !== removed)
      return Promise.resolve()
    },
  })
}

describe('what servers hold', () => {
  it('is said by a home server, and by no other', async () => {
    expect(await holdings().server({ accountId: id('alice') })).toEqual({
      ...{ kind: 'home', server: 'alice.example', createdDay: '2026-11-01', devices: 1, bindings: 0, echoDevices: 1 },
      ...{ mailbox: { count: 2, bytes: 300 }, sentWaiting: { count: 1, bytes: 90 } },
    })
    expect(await holdings().server({ accountId: id('carol') })).toEqual({ kind: 'foreign', server: 'carol.example' })
    await expect(holdings().server({ accountId: id('nobody') })).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('erasing an account', () => {
  it('closes it on its server first, and counts both again', async () => {
    expect(await holdings().eraseAccount({ accountId: id('alice'), onServer: true })).toEqual({ server: 0, here: 0 })
    expect(did).toEqual(['close alice', 'remove alice'])
  })

  it('forgets nothing here of whom the server could not be told', async () => {
    unreachable = 'alice'
    const erasing = holdings().eraseAccount({ accountId: id('alice'), onServer: true })
    await expect(erasing).rejects.toMatchObject({ code: 'server-unreachable' })
    expect(did).toEqual([])
  })

  it('asks no server that was not meant, or has no list', async () => {
    expect(await holdings().eraseAccount({ accountId: id('alice'), onServer: false })).toMatchObject({ server: null })
    expect(await holdings().eraseAccount({ accountId: id('carol'), onServer: true })).toMatchObject({ server: null })
    expect(did).toEqual(['remove alice', 'remove carol'])
  })

  it('says what is left when something is', async () => {
    const stubborn = holdings({ keeps: true })
    expect((await stubborn.eraseAccount({ accountId: id('bob'), onServer: false })).here).toBe(4)
  })
})

it('closing all accounts names the one that could not be closed', async () => {
  await holdings().closeAccounts()
  expect(did).toEqual(['close alice', 'close bob'])
  unreachable = 'bob'
  await expect(holdings().closeAccounts()).rejects.toMatchObject({
    ...{ code: 'server-unreachable', params: { account: aor('bob') } },
  })
})
