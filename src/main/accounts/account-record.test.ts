import { describe, expect, it } from 'vitest'
import type { AccountId } from '#shared/model/ids.ts'
import { parseAccounts, serializeAccounts } from './account-record.ts'

/** As a version without calls wrote it. */
const old = {
  ...{ id: 'AAAAAAAAAAAAAAAAAAAAAA', aor: 'sip:alice@example.org', displayName: 'Alice', enabled: true },
  ...{ transport: 'tls', server: null, msrpRelay: null, username: 'alice', realm: 'example.org' },
  ...{ ha1Md5: null, ha1Sha256: '0123', strongest: 'SHA-256', instanceId: 'urn:uuid:x', extraAuthorities: [] },
  ...{ spkiPins: [], local: false, sendReceipts: true, sendTyping: false },
}
const listOf = (...accounts: readonly object[]) => JSON.stringify({ version: 1, accounts })

describe('the stored list of accounts', () => {
  it('is read as it was before there were calls', () => {
    expect(parseAccounts(listOf(old))).toEqual([
      { ...old, callPolicy: 'zrtp-preferred', hideAddress: 'strangers', relay: null, passwordEpoch: 0 },
    ])
  })

  it('comes back as it was written', () => {
    const [account] = parseAccounts(listOf(old))
    if (account === undefined) throw new Error('no account')
    const relay = { server: 'turn.example.org:3478', username: 'al', password: 'x' }
    const full = { ...account, id: 'BBBBBBBBBBBBBBBBBBBBBA' as AccountId, callPolicy: 'any' as const, relay }
    expect(parseAccounts(serializeAccounts([account, full]))).toEqual([account, full])
    expect(parseAccounts(null)).toEqual([])
  })

  it('is refused with a policy nobody knows, rather than read as a weaker one', () => {
    expect(() => parseAccounts(listOf({ ...old, callPolicy: 'none' }))).toThrow()
  })
})
