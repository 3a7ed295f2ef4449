import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import { toHex } from '#shared/bytes/bytes.ts'
import { openDatabase } from '../database.ts'
import { HistoryReader } from '../history-reader.ts'
import { migrations } from './migrations.ts'
import { secrets } from './0006-secrets.ts'

const key = new Uint8Array(32).fill(5)
const filled = (byte: number, length = 32) => new Uint8Array(length).fill(byte)
let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sotto-secrets-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it.each([null, filled(9, 16)])(
  'moves an identity out of the settings, its keys as they were (paper secret: %s)',
  async (paper) => {
    const file = path.join(folder, 'history.db')
    const before = openDatabase({
      path: file,
      key,
      role: 'writer',
      migrations: migrations.slice(0, secrets.version - 1),
    })
    const old = {
      ...{ version: 1, identity: 'hash', links: [toBase64Url(filled(4, 90))], picked: ['x'], paperState: 'shown' },
      seeds: { ed25519: toBase64Url(filled(1)), x25519: toBase64Url(filled(2)), omemo: toBase64Url(filled(3)) },
      paperSecret: paper === null ? null : toBase64Url(paper),
    }
    before.prepare('INSERT INTO setting VALUES (?, ?)').run('identity.sip:alice@example.org', JSON.stringify(old))
    before.close()
    openDatabase({ path: file, key, role: 'writer' }).close()
    const reader = new HistoryReader({ path: file, key })
    expect(await reader.setting('identity.sip:alice@example.org')).toBeNull()
    const moved = Buffer.from((await reader.secret('identity.sip:alice@example.org')) ?? [])
    const end = 4 + moved.readUInt32BE()
    expect(JSON.parse(moved.toString('utf8', 4, end))).toEqual({
      ...{ version: 2, identity: 'hash', links: [toBase64Url(filled(4, 90))], picked: ['x'], paperState: 'shown' },
    })
    const keys = [filled(1), filled(2), filled(3), paper ?? new Uint8Array()]
    expect(toHex(moved.subarray(end))).toBe(keys.map(toHex).join(''))
    reader.close()
  },
)
