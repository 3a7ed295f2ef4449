import { createHash } from 'node:crypto'
import { copyFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AgeWriter } from '#main/archive/age/age-writer.ts'
import { openAgeFile } from '#main/archive/age/age-reader.ts'
import { memorySource } from '#main/archive/age/byte-source.ts'
import { sealFileKey } from '#main/archive/age/header.ts'
import { readTar } from '#main/archive/tar/tar-reader.ts'
import { encodeTarHeader, paddingOf } from '#main/archive/tar/ustar.ts'
import { verifyExport } from '#main/archive/read/verify-export.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import { ProtocolError } from '#shared/errors.ts'
import { alice, aliceAccount, EntryMaker } from '../history/history-fixture.ts'
import { ArchiveProfile } from './archive-fixture.ts'

const quiet = { check: () => undefined, progress: () => undefined }
let from: ArchiveProfile
let to: ArchiveProfile
let identity: string
let recipient: string

beforeEach(async () => {
  from = new ArchiveProfile()
  to = new ArchiveProfile()
  identity = await generateX25519Identity()
  recipient = await identityToRecipient(identity)
  const make = new EntryMaker()
  const entries = [make.incoming('one'), make.outgoing('two'), make.contact({ name: 'Bob', policy: 'accepted' })]
  await from.history.writer.commit({ accounts: [{ id: aliceAccount, aor: alice }], entries })
  await from.identity.ensure(alice)
  await from.archive.exportSealed({
    scope: { kind: 'all' },
    protection: { kind: 'recipients', recipients: [recipient] },
  })
})
afterEach(async () => {
  await from.remove()
  await to.remove()
})

const key = () => utf8(identity)

/** Why a file is refused; `taken` when it is not. */
async function outcomeOf(bytes: Uint8Array): Promise<string> {
  try {
    await verifyExport(await openAgeFile(memorySource(bytes), { kind: 'identity', text: identity }), quiet)
    return 'taken'
  } catch (error) {
    if (error instanceof ProtocolError) return String(error.code)
    throw error
  }
}

/** Files of an export, to make another one of. */
async function partsOf(file: string): Promise<{ name: string; bytes: Uint8Array }[]> {
  const age = await openAgeFile(memorySource(readFileSync(file)), { kind: 'identity', text: identity })
  const parts: { name: string; bytes: Uint8Array }[] = []
  for await (const part of readTar(age.walk())) {
    const pieces: Uint8Array[] = []
    for await (const piece of part.bytes) pieces.push(piece)
    parts.push({ name: part.name, bytes: Buffer.concat(pieces) })
  }
  return parts
}

/** An export of these files, sealed by somebody who only knows the recipient. */
async function sealedOf(parts: readonly { name: string; bytes: Uint8Array }[]): Promise<string> {
  const file = path.join(from.folder, 'forged.age')
  const handle = await open(file, 'w')
  const sealed = await sealFileKey({ kind: 'recipients', recipients: [recipient] }, systemRandom)
  const writer = new AgeWriter({ handle, ...sealed, random: systemRandom })
  for (const { name, bytes } of parts) {
    await writer.write(encodeTarHeader({ name, size: bytes.length }))
    await writer.write(bytes)
    await writer.write(new Uint8Array(paddingOf(bytes.length)))
  }
  await writer.write(new Uint8Array(1024))
  await writer.finish()
  await handle.close()
  return file
}

async function refusalOf(file: string): Promise<unknown> {
  to.source = file
  try {
    await to.archive.choose()
    await to.archive.verify({ secret: key() })
    return 'taken'
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}

const entriesWith = (lines: string) => ({ name: 'entries/000001.jsonl', bytes: utf8(lines) })

describe('an export that was changed', () => {
  it('is refused whichever byte was flipped', { timeout: 240_000 }, async () => {
    const bytes = readFileSync(from.target)
    expect(await outcomeOf(bytes)).toBe('taken')
    const taken: number[] = []
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at]! ^= 1 << (at % 8)
      if ((await outcomeOf(changed)) === 'taken') taken.push(at)
    }
    expect(taken).toEqual([])
  })

  it('is refused where it was cut, and nothing is imported', async () => {
    const { length } = readFileSync(from.target)
    for (const share of [0, 0.01, 0.3, 0.9, 0.999]) {
      const file = path.join(from.folder, 'cut.age')
      copyFileSync(from.target, file)
      truncateSync(file, Math.floor(length * share))
      expect(['import-damaged', 'import-not-export']).toContain(await refusalOf(file))
    }
    expect(await to.messages()).toEqual([])
  })

  it('is refused when parts are not those of the manifest, though it is sealed well', async () => {
    const parts = await partsOf(from.target)
    expect(await refusalOf(await sealedOf(parts))).toBe('taken')
    const entries = parts.find(({ name }) => name.startsWith('entries/'))!
    const changed = { ...entries, bytes: utf8(Buffer.from(entries.bytes).toString('utf8').replace('one', 'ten')) }
    const others = parts.filter((part) => part !== entries)
    const forgeries = [
      parts.map((part) => (part === entries ? changed : part)),
      others,
      [...parts.slice(0, 2), { name: 'entries/000002.jsonl', bytes: entries.bytes }, ...parts.slice(2)],
      [parts[1]!, parts[0]!, ...parts.slice(2)],
      [...parts, { name: 'README.txt', bytes: utf8('more') }],
      parts.filter(({ name }) => name !== 'manifest.json'),
    ]
    for (const forged of forgeries)
      expect(['import-damaged', 'import-not-export']).toContain(await refusalOf(await sealedOf(forged)))
    expect(await to.messages()).toEqual([])
  })

  it("counts as nobody's when the manifest was changed and its hashes mended", async () => {
    const parts = await partsOf(from.target)
    const entries = parts.find(({ name }) => name.startsWith('entries/'))!
    const bytes = utf8(Buffer.from(entries.bytes).toString('utf8').replace('one', 'ten'))
    const manifest = parts.find(({ name }) => name === 'manifest.json')!
    const before = createHash('sha256').update(entries.bytes).digest('base64url')
    const after = createHash('sha256').update(bytes).digest('base64url')
    const mended = utf8(Buffer.from(manifest.bytes).toString('utf8').replace(before, after))
    const forged = parts.map((part) => {
      if (part === entries) return { ...part, bytes }
      return part === manifest ? { ...part, bytes: mended } : part
    })
    from.source = await sealedOf(forged)
    await from.archive.choose()
    expect(await from.archive.verify({ secret: key() })).toMatchObject({ worth: 'unsigned', conflicts: 0 })
    await from.archive.apply()
    expect((await from.messages()).map(({ text }) => text)).toEqual(['one', 'two'])
  })
})

describe('a hostile file', () => {
  const bad: Record<string, () => Promise<readonly { name: string; bytes: Uint8Array }[]>> = {
    'a name that leads elsewhere': async () => [
      { name: '../../etc/passwd', bytes: utf8('x') },
      ...(await partsOf(from.target)),
    ],
    'an absolute name': async () => [{ name: '/etc/passwd', bytes: utf8('x') }, ...(await partsOf(from.target))],
    'the same name twice': async () => [(await partsOf(from.target))[0]!, ...(await partsOf(from.target))],
    'deep JSON': () => Promise.resolve([entriesWith(`${'['.repeat(500_000)}${']'.repeat(500_000)}\n`)]),
    'a deep body': () => Promise.resolve([entriesWith(`{"id":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}\n`)]),
    'a line that never ends': () => Promise.resolve([entriesWith('x'.repeat(13 * 1024 * 1024))]),
    'a hundred thousand lines in a part': () => Promise.resolve([entriesWith('{}\n'.repeat(100_000))]),
    'no text': () => Promise.resolve([{ name: 'entries/000001.jsonl', bytes: Uint8Array.of(0xff, 0xfe, 10) }]),
    'a manifest that is a list': () =>
      Promise.resolve([
        { name: 'manifest.json', bytes: utf8('[]') },
        { name: 'signatures.json', bytes: utf8('{}') },
      ]),
  }
  it.each(Object.keys(bad))('is refused: %s', async (name) => {
    expect(['import-damaged', 'import-not-export', 'import-too-large']).toContain(
      await refusalOf(await sealedOf(await bad[name]!())),
    )
    expect(await to.messages()).toEqual([])
  })

  it('of a later version says so', async () => {
    const parts = await partsOf(from.target)
    const later = parts.map((part) =>
      part.name === 'manifest.json'
        ? { ...part, bytes: utf8(Buffer.from(part.bytes).toString('utf8').replace('"version": 1', '"version": 2')) }
        : part,
    )
    expect(await refusalOf(await sealedOf(later))).toBe('import-too-new')
  })

  it('cannot put entries into another conversation than that of its addresses', async () => {
    const parts = await partsOf(from.target)
    const moved = parts.map((part) =>
      part.name.startsWith('entries/')
        ? { ...part, bytes: utf8(Buffer.from(part.bytes).toString('utf8').replaceAll('sip:bob@', 'sip:eve@')) }
        : part,
    )
    expect(await refusalOf(await sealedOf(moved))).toBe('import-not-export')
  })

  it('that changes between verifying and importing is not applied', async () => {
    to.source = from.target
    await to.archive.choose()
    await to.archive.verify({ secret: key() })
    const bytes = readFileSync(from.target)
    bytes[bytes.length - 2000]! ^= 1
    writeFileSync(from.target, bytes)
    await expect(to.archive.apply()).rejects.toMatchObject({ code: 'import-damaged' })
    expect(await to.messages()).toEqual([])
    expect(readdirSync(to.folder)).toEqual([])
  })
})
