/** The secrets of a profile, read as its owner could, to be looked for where they must not be. */
import path from 'node:path'
import { HistoryReader } from '#main/history/history-reader.ts'
import { openDatabase } from '#main/history/database.ts'
import { decodeIdentity } from '#main/identity/identity-record.ts'
import { derivePaperSeeds } from '#main/identity/paper-keys.ts'
import { parsePaperWords } from '#main/identity/paper-words.ts'
import { argon2 } from '#main/keys/argon2.ts'
import { KeyLadder } from '#main/keys/key-ladder.ts'
import { noKeychain } from '#main/keys/keychain-port.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import { testPassphrase } from './person.ts'
import { secretNeedle, type Needle } from './process-memory.ts'

const bytes = (value: Uint8Array | null | undefined): Uint8Array => {
  if (value === null || value === undefined || value.length === 0) throw new Error('the profile has no such secret')
  return value
}

async function databaseKeyOf(profile: string): Promise<{ readonly path: string; readonly key: Uint8Array }> {
  const databaseFile = path.join(profile, 'history.db')
  const ports = { keysFile: path.join(profile, 'keys.json'), databaseFile, keychain: noKeychain }
  const ladder = new KeyLadder({ ...ports, random: systemRandom, derive: argon2 })
  return { path: databaseFile, key: await ladder.open('passphrase', utf8(testPassphrase)) }
}

/** What opens the history and the spool, and what makes this device a device of the account. */
export async function keysOf(profile: string, account: string): Promise<readonly Needle[]> {
  const database = await databaseKeyOf(profile)
  const reader = new HistoryReader(database)
  const identity = decodeIdentity(bytes(await reader.secret(`identity.${account}`)))
  const spool = bytes(await reader.secret('spool'))
  reader.close()
  const { ed25519, x25519, omemo } = identity.seeds
  // It is destroyed once it is known to be on paper.
  const paper = identity.paperSecret === null ? [] : [secretNeedle('paper secret', identity.paperSecret)]
  return [
    secretNeedle('database key', database.key),
    secretNeedle('device key ed25519', ed25519),
    secretNeedle('device key x25519', x25519),
    secretNeedle('device key omemo', omemo),
    secretNeedle('spool private key', spool.slice(0, 32)),
    ...paper,
  ]
}

/** What is kept of calls for the next one (RFC 6189 §4.6.1). */
export async function retainedSecretsOf(profile: string): Promise<readonly Needle[]> {
  const db = openDatabase({ ...(await databaseKeyOf(profile)), role: 'reader' })
  try {
    const rows = db.prepare<[], { rs1: Uint8Array }>('SELECT rs1 FROM zrtp_peer WHERE rs1 IS NOT NULL').all()
    return rows.map(({ rs1 }) => secretNeedle('retained secret', bytes(rs1)))
  } finally {
    db.close()
  }
}

/** A paper secret, and what it opens the history with. */
export function paperNeedles(words: readonly string[]): readonly Needle[] {
  const secret = parsePaperWords(words.join(' '))
  if (!secret.ok) throw new Error(secret.error.kind)
  const { databaseWrap, x25519, ed25519 } = derivePaperSeeds(secret.value)
  return [
    secretNeedle('paper secret', secret.value),
    secretNeedle('paper key of the database', databaseWrap),
    secretNeedle('paper key x25519', x25519),
    secretNeedle('paper key ed25519', ed25519),
  ]
}
