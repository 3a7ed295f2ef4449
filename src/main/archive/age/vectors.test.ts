import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { inflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { ProtocolError } from '#shared/errors.ts'
import { openAgeFile } from './age-reader.ts'
import { memorySource } from './byte-source.ts'
import type { OpeningSecret } from './header.ts'

const folder = new URL('../../../../test/vectors/age-cctv/', import.meta.url)

interface Vector {
  readonly facts: ReadonlyMap<string, readonly string[]>
  readonly file: Uint8Array
}

function readVector(name: string): Vector {
  const bytes = readFileSync(new URL(name, folder))
  const end = bytes.indexOf('\n\n')
  const facts = new Map<string, string[]>()
  for (const line of bytes.subarray(0, end).toString('utf8').split('\n')) {
    const colon = line.indexOf(': ')
    const key = line.slice(0, colon)
    facts.set(key, [...(facts.get(key) ?? []), line.slice(colon + 2)])
  }
  const body = bytes.subarray(end + 2)
  return { facts, file: new Uint8Array(facts.has('compressed') ? inflateSync(body) : body) }
}

function secretsOf({ facts }: Vector): readonly OpeningSecret[] {
  const passphrases = (facts.get('passphrase') ?? []).map((passphrase) => ({ kind: 'passphrase' as const, passphrase }))
  const identities = facts.get('identity') ?? []
  // Files that are none at all name no secret.
  if (passphrases.length + identities.length === 0) return [{ kind: 'passphrase', passphrase: 'password' }]
  return identities.length === 0 ? passphrases : [...passphrases, { kind: 'identity', text: identities.join('\n') }]
}

/** Sha-256 of the plaintext, or why there is none: what every attempt with one of the secrets says. */
async function openWith(file: Uint8Array, secret: OpeningSecret): Promise<string> {
  const hash = createHash('sha256')
  try {
    for await (const plain of (await openAgeFile(memorySource(file), secret)).walk()) hash.update(plain)
    return hash.digest('hex')
  } catch (error) {
    if (error instanceof ProtocolError) return String(error.code)
    throw error
  }
}

const refusals: Readonly<Record<string, readonly string[]>> = {
  'no match': ['age-no-match'],
  'HMAC failure': ['age-altered'],
  'header failure': ['age-malformed', 'age-work-factor', 'age-altered'],
  'armor failure': ['age-malformed'],
  'payload failure': ['age-altered'],
}

describe('the age test vectors of CCTV', () => {
  const names = readdirSync(folder).filter((name) => name !== 'SOURCE.txt')

  it('are all there', () => {
    expect(names).toHaveLength(143)
  })

  it.each(names)('%s', async (name) => {
    const vector = readVector(name)
    const [expected = ''] = vector.facts.get('expect') ?? []
    const secrets = secretsOf(vector)
    expect(secrets.length).toBeGreaterThan(0)
    const outcomes = await Promise.all(secrets.map((secret) => openWith(vector.file, secret)))
    if (expected === 'success') expect(outcomes).toContain(vector.facts.get('payload')?.[0])
    else for (const outcome of outcomes) expect(refusals[expected]).toContain(outcome)
  })
})
