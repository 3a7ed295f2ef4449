import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AgeWriter } from '#main/archive/age/age-writer.ts'
import { sealFileKey } from '#main/archive/age/header.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import { alice, aliceAccount, EntryMaker } from '../integration/history/history-fixture.ts'
import { ArchiveProfile, passphrase, secret } from '../integration/archive/archive-fixture.ts'
import { missingCommands, titleWithNeeds } from '../e2e/support/needs.ts'
import { age, ageAtTerminal, tar } from './age.ts'
import { open } from 'node:fs/promises'

const missing = missingCommands('age', 'script', 'tar')

let from: ArchiveProfile
let to: ArchiveProfile
beforeEach(async () => {
  from = new ArchiveProfile()
  to = new ArchiveProfile()
  const make = new EntryMaker()
  const entries = Array.from({ length: 20 }, (_, i) =>
    i % 2 === 0 ? make.incoming(`line ${i} – ünïcode 你好`) : make.outgoing(`line ${i}`),
  )
  await from.history.writer.commit({ accounts: [{ id: aliceAccount, aor: alice }], entries })
  await from.identity.ensure(alice)
})
afterEach(async () => {
  await from.remove()
  await to.remove()
})

const at = (name: string) => path.join(from.folder, name)

/** What `tar` finds in the file that `age` opened. */
async function unpacked(plain: string): Promise<readonly string[]> {
  mkdirSync(at('unpacked'))
  const { code, output } = await tar('xf', plain, '-C', at('unpacked'))
  expect({ code, output }).toEqual({ code: 0, output: '' })
  return readdirSync(at('unpacked'), { recursive: true, encoding: 'utf8' }).sort()
}

function lines(): readonly { body: { kind: string; text: string } }[] {
  const text = readFileSync(at('unpacked/entries/000001.jsonl'), 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { body: { kind: string; text: string } })
}

describe.skipIf(missing.length > 0)(titleWithNeeds("Debian's age", missing), { timeout: 120_000 }, () => {
  it('opens an export with its passphrase', async () => {
    await from.archive.exportSealed({
      scope: { kind: 'all' },
      protection: { kind: 'passphrase', passphrase: secret() },
    })
    const refused = await ageAtTerminal(['-d', '-o', at('no.tar'), from.target], ['not the passphrase'])
    expect(refused.code).not.toBe(0)
    const { code, output } = await ageAtTerminal(['-d', '-o', at('plain.tar'), from.target], [passphrase])
    expect(code, output).toBe(0)
    expect(await unpacked(at('plain.tar'))).toEqual([
      'README.txt',
      'entries',
      'entries/000001.jsonl',
      'manifest.json',
      'signatures.json',
    ])
    expect(lines().map(({ body }) => body.text)).toEqual((await from.messages()).map(({ text }) => text))
  })

  it('opens an export for a recipient, and what it seals again is imported with its manifest still valid', async () => {
    const keyed = await makeKey()
    await from.archive.exportSealed({
      scope: { kind: 'all' },
      protection: { kind: 'recipients', recipients: [keyed.recipient] },
    })
    expect(await age('-d', '-i', at('key.txt'), '-o', at('plain.tar'), from.target)).toMatchObject({ code: 0 })
    expect(await unpacked(at('plain.tar'))).toContain('manifest.json')

    const other = await generateX25519Identity()
    expect(await age('-r', await identityToRecipient(other), '-o', at('again.age'), at('plain.tar'))).toMatchObject({
      code: 0,
    })
    from.source = at('again.age')
    await from.archive.choose()
    expect(await from.archive.verify({ secret: utf8(other) })).toMatchObject({
      worth: 'own',
      newMessages: 0,
      heldMessages: 20,
    })

    const armored = await age('-a', '-r', await identityToRecipient(other), '-o', at('armored.age'), at('plain.tar'))
    expect(armored.code).toBe(0)
    to.source = at('armored.age')
    await to.archive.choose()
    expect(await to.archive.verify({ secret: utf8(other) })).toMatchObject({ worth: 'foreign', newMessages: 20 })
    await to.archive.apply()
    expect((await to.messages()).map(({ text }) => text)).toEqual((await from.messages()).map(({ text }) => text))
  })

  it('seals with a passphrase what is imported', async () => {
    const keyed = await makeKey()
    await from.archive.exportSealed({
      scope: { kind: 'all' },
      protection: { kind: 'recipients', recipients: [keyed.recipient] },
    })
    await age('-d', '-i', at('key.txt'), '-o', at('plain.tar'), from.target)
    const sealed = await ageAtTerminal(['-p', '-o', at('again.age'), at('plain.tar')], [passphrase, passphrase])
    expect(sealed.code, sealed.output).toBe(0)
    to.source = at('again.age')
    expect(await to.archive.choose()).toMatchObject({ kind: 'passphrase' })
    expect(await to.archive.verify({ secret: secret() })).toMatchObject({ newMessages: 20 })
  })

  it.each([1, 65_535, 65_536, 65_537, 131_072, 1_000_000])('opens a payload of %i bytes', async (size) => {
    const keyed = await makeKey()
    const plain = systemRandom.bytes(size)
    const handle = await open(at('payload.age'), 'w')
    const sealed = await sealFileKey({ kind: 'recipients', recipients: [keyed.recipient] }, systemRandom)
    const writer = new AgeWriter({ handle, ...sealed, random: systemRandom })
    for (let from_ = 0; from_ < size; from_ += 30_000) await writer.write(plain.subarray(from_, from_ + 30_000))
    await writer.finish()
    await handle.close()
    expect(await age('-d', '-i', at('key.txt'), '-o', at('payload'), at('payload.age'))).toMatchObject({ code: 0 })
    expect(readFileSync(at('payload')).equals(plain)).toBe(true)
  })
})

async function makeKey(): Promise<{ recipient: string }> {
  const identity = await generateX25519Identity()
  writeFileSync(at('key.txt'), `# made for a test\n${identity}\n`)
  return { recipient: await identityToRecipient(identity) }
}
