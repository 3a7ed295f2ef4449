/** Attachments that follow a history to a new device: sealed files of a real store, page by page. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { AttachmentStore, type StoredAttachment } from '#main/history/attachments/attachment-store.ts'
import { SealedFiles } from '#main/history/attachments/sealed-files.ts'
import { historyWithFiles, sinkWithFiles } from '#main/linking/transfer-files.ts'
import type { HistoryPage, HistorySinkPort, HistorySourcePort } from '#main/linking/transfer-port.ts'
import { decodeCanonical, encodeCanonical } from '#shared/bytes/canonical-cbor.ts'
import { SottoError } from '#shared/errors.ts'
import type { AttachmentId } from '#shared/model/ids.ts'
import { account } from '#test/fakes/drawn-chain.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'

const random = new SeededRandom('files')
let folders: { readonly old: string; readonly new: string }
let stored: StoredAttachment[]
let taken: string[]
let marked: string | null

beforeEach(async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sotto-transfer-files-'))
  folders = { old: path.join(folder, 'old'), new: path.join(folder, 'new') }
  const store = new AttachmentStore(folders.old, random)
  stored = []
  for (const size of [10, 2_000_000, 786_432, 1]) stored.push(await store.write(bytesOf(size)))
  ;[taken, marked] = [[], null]
})
afterEach(() => rmSync(path.dirname(folders.old), { recursive: true, force: true }))

async function* bytesOf(size: number): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(new Uint8Array(size).fill(size % 251))
}

const history: HistorySourcePort & HistorySinkPort = {
  transferPiece: (_account, after) => {
    const at = after === null ? 0 : Number(after.split(' ')[1]) + 1
    return Promise.resolve({ token: `page ${at}`, bytes: new Uint8Array([at]), share: (at + 1) / 3, isLast: at === 2 })
  },
  takePiece: (_account, { token }) => Promise.resolve(taken.push(token)),
  // As the journal does: nothing is left to go on after once all is there.
  takenPiece: () => Promise.resolve(taken.length === 3 ? null : (taken.at(-1) ?? null)),
}

function source(ids: readonly AttachmentId[] = stored.map(({ id }) => id)): HistorySourcePort {
  const files = new SealedFiles(folders.old)
  return historyWithFiles(history, {
    ids: () => Promise.resolve(ids),
    read: (id, offset, length) => files.read(id, offset, length),
  })
}

function sink(): HistorySinkPort {
  const mark = {
    load: () => Promise.resolve(marked),
    save: (token: string) => {
      marked = token
      return Promise.resolve()
    },
  }
  return sinkWithFiles(history, { files: new SealedFiles(folders.new), mark })
}

/** Hands over up to `most` pages; true once that was all. */
async function handOver(from: HistorySourcePort, most = Infinity): Promise<boolean> {
  const to = sink()
  let after = await to.takenPiece(account)
  for (let count = 0; count < most; count++) {
    const page: HistoryPage = await from.transferPiece(account, after)
    await to.takePiece(account, page)
    if (page.isLast) return true
    after = page.token
  }
  return false
}

async function expectAll(ids: readonly AttachmentId[]): Promise<void> {
  const store = new AttachmentStore(folders.new, random)
  expect(readdirSync(folders.new).toSorted()).toEqual(ids.toSorted())
  for (const id of ids) expect(await store.isIntact(id)).toBe(true)
}

it('come after the whole history, and are what their names say', async () => {
  expect(await handOver(source())).toBe(true)
  expect(taken).toEqual(['page 0', 'page 1', 'page 2'])
  await expectAll(stored.map(({ id }) => id))
  const plain: Uint8Array[] = []
  for await (const bytes of new AttachmentStore(folders.new, random).read(stored[1]!)) plain.push(bytes)
  expect(Buffer.concat(plain).equals(Buffer.alloc(2_000_000, 2_000_000 % 251))).toBe(true)
})

it('go on after a crash anywhere, without a page of the history twice', async () => {
  for (let most = 1; !(await handOver(source(), most)); most++) expect(most).toBeLessThan(20)
  expect(taken).toEqual(['page 0', 'page 1', 'page 2'])
  await expectAll(stored.map(({ id }) => id))
})

it('are left out where they are gone at the source', async () => {
  const missing = 'A'.repeat(43) as AttachmentId
  expect(await handOver(source([missing, ...stored.map(({ id }) => id)]))).toBe(true)
  await expectAll(stored.map(({ id }) => id))
})

it('may be none at all', async () => {
  expect(await handOver(source([]))).toBe(true)
  expect(taken).toHaveLength(3)
})

it('are refused when they are not what their names say, and nothing of them stays', async () => {
  const from = source()
  const forging: HistorySourcePort = {
    async transferPiece(of, after) {
      const page = await from.transferPiece(of, after)
      if (!page.token.startsWith('w ') || page.isLast) return page
      const forged = decodeCanonical(page.bytes) as { readonly bytes: Uint8Array }
      forged.bytes[0] = forged.bytes[0]! ^ 1
      return { ...page, bytes: encodeCanonical(forged) }
    },
  }
  expect(await codeOf(handOver(forging))).toBe('invalid-argument')
  expect(readdirSync(folders.new)).toEqual([])
})

it.each(['p AAAA 7', 'x', 'w', 'H'])('a token as %s, or a page that is none, does no harm', async (token) => {
  expect(await codeOf(sink().takePiece(account, { token, bytes: random.bytes(50) }))).toBe('invalid-argument')
})

it('refuses a page in the middle of a file that it does not have', async () => {
  const pages: HistoryPage[] = []
  for (let after: string | null = 'H x'; pages.at(-1)?.isLast !== true; after = pages.at(-1)!.token)
    pages.push(await source().transferPiece(account, after))
  const second = pages.find(({ token }, at) => at > 0 && pages[at - 1]!.token.startsWith('p ') && token !== '')!
  expect(await codeOf(sink().takePiece(account, second))).toBe('invalid-argument')
})

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'ok'
  } catch (cause) {
    if (cause instanceof SottoError) return cause.code
    throw cause
  }
}
