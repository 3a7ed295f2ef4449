import { describe, expect, it } from 'vitest'
import { serializeInvitation } from '#shared/home/invitation.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import { parseReplication, serializeReplication, switchedOff } from './replication-record.ts'
import { addressOf, readQuestion, serverToKeep } from './server-question.ts'
import type { ReplicaAccount } from './service-ports.ts'

const now = 1_790_000_000_000
const accountId = 'AAAAAAAAAAAAAAAAAAAAAA' as AccountId
const code = new Uint8Array(16).fill(7)
const spkiSha256 = new Uint8Array(32).fill(9)
const pin = Buffer.from(spkiSha256).toString('base64')
const digest = { kind: 'digest', user: 'alice', domain: 'x.org', ha1Sha256: 'a'.repeat(64) } as const
const account: ReplicaAccount = {
  ...{ id: accountId, aor: 'sip:alice@x.org' as Aor, deviceId: null },
  ...{ server: () => null, opening: () => digest },
}
const invitation = (more: { expiresAt?: number } = {}): string =>
  serializeInvitation({ ...{ host: 'history.x.org', port: 5443, code, spkiSha256 }, expiresAt: now + 1000, ...more })
const read = (server: string | null, text: string | null) =>
  readQuestion({ accountId, server, invitation: text }, account, now)
const codeOf = (run: () => unknown): unknown => {
  try {
    return run()
  } catch (error) {
    return (error as { readonly code?: string }).code
  }
}

describe('what the person says about a server', () => {
  it('is nothing where its own server keeps the history', () => {
    expect(read(null, null)).toEqual({ server: null, opening: digest })
  })

  it('may be an address, which an authority has to vouch for', () => {
    expect(read('history.x.org:5443', null).server).toEqual({ host: 'history.x.org', port: 5443, spkiPins: [] })
    expect(codeOf(() => read('history.x.org', null))).toBe('invalid-argument')
  })

  it('may be the invitation that a replica prints, which says where and with which key', () => {
    const broken = invitation().replace(/(.{20})/g, '$1\n ')
    for (const text of [invitation(), ` ${broken} `])
      expect(read(null, text)).toEqual({
        server: { host: 'history.x.org', port: 5443, spkiPins: [pin] },
        opening: { kind: 'invitation', token: code },
      })
  })

  it('may be both: the key of the invitation at the address that was typed', () => {
    expect(read('[::1]:80', invitation()).server).toEqual({ host: '::1', port: 80, spkiPins: [pin] })
  })

  it('may be the bare token of a home server', () => {
    const token = Buffer.from(code).toString('base64url')
    expect(read('h.x.org:1', ` ${token}\n`)).toEqual({
      server: { host: 'h.x.org', port: 1, spkiPins: [] },
      opening: { kind: 'invitation', token: code },
    })
  })

  it('is no invitation when it is over, damaged or something else', () => {
    const damaged = `${invitation().slice(0, -3)}AAA`
    for (const text of [invitation({ expiresAt: now }), damaged, 'sotto-invite:2:AAAA', 'hello there'])
      expect(codeOf(() => read(null, text))).toBe('invitation-invalid')
  })
})

describe('the server that is remembered', () => {
  const server = { host: 'history.x.org', port: 5443, spkiPins: [pin] }

  it('keeps its key, unless an authority vouches for it, too', async () => {
    const shows = (pins: readonly string[]) => ({ shownPins: () => Promise.resolve(pins) })
    expect(await serverToKeep(server, shows([pin]))).toEqual(server)
    expect(await serverToKeep(server, shows([]))).toEqual({ ...server, spkiPins: [] })
    expect(await serverToKeep(server, { shownPins: () => Promise.reject(new Error('gone')) })).toEqual(server)
    expect(await serverToKeep(null, shows([pin]))).toBeNull()
  })

  it('is read again with its key, and without one where it was written before', () => {
    const settings = { ...switchedOff, on: true, server }
    const text = serializeReplication(new Map([[account.aor, settings]]))
    expect(parseReplication(text).get(account.aor)).toEqual(settings)
    expect(addressOf(account, settings)).toEqual(server)
    const before = text.replace(`,"spkiPins":["${pin}"]`, '')
    expect(before).not.toBe(text)
    expect(parseReplication(before).get(account.aor)?.server).toEqual({ ...server, spkiPins: [] })
  })
})
