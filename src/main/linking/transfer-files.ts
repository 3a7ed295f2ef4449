/**
 * Attachments after the entries: sealed files as they lie on the disk, in pages of their own behind those of the history. Tokens say where a
 * page ends: `h ` and the history's token, `H ` and that of its last page, `p ID OFFSET` inside a file, `w ID` at the end of one.
 */
import { z } from 'zod'
import type { HistoryPage, HistorySinkPort, HistorySourcePort } from './transfer-port.ts'
import { decodeCanonical, encodeCanonical } from '#shared/bytes/canonical-cbor.ts'
import { bytesUpTo } from '#shared/bytes/schemas.ts'
import { ProtocolError, SottoError } from '#shared/errors.ts'
import type { Aor, AttachmentId } from '#shared/model/ids.ts'

/** Sealed files at the source. */
export interface FileSourcePort {
  /** Those that the account's entries name, in any order. */
  ids(account: Aor): Promise<readonly AttachmentId[]>
  /** Up to `length` bytes of the sealed file; null when it is not here. */
  read(
    id: AttachmentId,
    offset: number,
    length: number,
  ): Promise<{ readonly bytes: Uint8Array; readonly size: number } | null>
}

/** Sealed files at the sink. */
export interface FileSinkPort {
  /** Goes on with a file, or begins it at offset 0. @throws SottoError `invalid-argument` where what came before is not here. */
  append(id: AttachmentId, offset: number, bytes: Uint8Array): Promise<void>
  /** Durable when it resolves. @throws SottoError `invalid-argument` when the file is not the one that its id names. */
  finish(id: AttachmentId): Promise<void>
}

/** Where the sink remembers how far it is once its history is whole; gone with the transfer. */
export interface TransferMarkPort {
  load(): Promise<string | null>
  save(token: string): Promise<void>
}

const pageBytes = 786_432
const filePage = z.object({
  id: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  offset: z.number().int().nonnegative(),
  size: z.number().int().nonnegative(),
  bytes: bytesUpTo(pageBytes),
})
type FilePage = z.output<typeof filePage>

/** A history that is followed by its files. */
export function historyWithFiles(history: HistorySourcePort, files: FileSourcePort): HistorySourcePort {
  return {
    async transferPiece(account, after) {
      const [kind = '', ...rest] = after === null ? ['h'] : after.split(' ')
      if (kind === 'h') return historyPage(history, account, after === null ? null : rest.join(' '))
      const ids = (await files.ids(account)).toSorted()
      if (kind === 'p') return filePageAt(files, ids, { id: rest[0] ?? '', offset: Number(rest[1]) })
      if (kind !== 'H' && kind !== 'w') throw new SottoError('invalid-argument')
      return nextFile(files, ids, kind === 'w' ? (rest[0] ?? '') : '')
    },
  }
}

async function historyPage(history: HistorySourcePort, account: Aor, after: string | null): Promise<HistoryPage> {
  const page = await history.transferPiece(account, after)
  return { ...page, token: `${page.isLast ? 'H' : 'h'} ${page.token}`, isLast: false }
}

async function nextFile(files: FileSourcePort, ids: readonly AttachmentId[], after: string): Promise<HistoryPage> {
  const next = ids.find((id) => id > after)
  // An empty page: what comes after the last file.
  if (next === undefined) return { token: `w ${after}`, bytes: new Uint8Array(), share: 1, isLast: true }
  return filePageAt(files, ids, { id: next, offset: 0 })
}

async function filePageAt(
  files: FileSourcePort,
  ids: readonly AttachmentId[],
  { id, offset }: { readonly id: string; readonly offset: number },
): Promise<HistoryPage> {
  const known = ids.find((one) => one === id)
  const read = known === undefined ? null : await files.read(known, offset, pageBytes)
  // Erased meanwhile, or never here: the entry at the sink says so too.
  if (read === null) return nextFile(files, ids, id)
  const end = offset + read.bytes.length
  const isWhole = end >= read.size
  const token = isWhole ? `w ${id}` : `p ${id} ${end}`
  return { token, bytes: encodeCanonical({ id, offset, ...read } satisfies FilePage), share: 1, isLast: false }
}

/** A sink that takes a history and the files behind it. */
export function sinkWithFiles(
  history: HistorySinkPort,
  { files, mark }: { readonly files: FileSinkPort; readonly mark: TransferMarkPort },
): HistorySinkPort {
  return {
    async takePiece(account, { token, bytes }) {
      const kind = token.slice(0, 2)
      if (kind === 'h ' || kind === 'H ') {
        await history.takePiece(account, { token: token.slice(2), bytes })
        if (kind === 'H ') await mark.save(token)
      } else await takeFile(files, mark, { token, bytes })
    },
    /** A file that was cut off is begun anew: only whole ones are marked. */
    async takenPiece(account) {
      const marked = await mark.load()
      if (marked !== null) return marked
      const taken = await history.takenPiece(account)
      return taken === null ? null : `h ${taken}`
    },
  }
}

async function takeFile(
  files: FileSinkPort,
  mark: TransferMarkPort,
  { token, bytes }: Pick<HistoryPage, 'token' | 'bytes'>,
): Promise<void> {
  if (bytes.length > 0) {
    const page = readFilePage(bytes)
    const id = page.id as AttachmentId
    await files.append(id, page.offset, page.bytes)
    if (page.offset + page.bytes.length < page.size) return
    await files.finish(id)
  }
  await mark.save(token)
}

/** @throws SottoError `invalid-argument`. */
function readFilePage(bytes: Uint8Array): FilePage {
  try {
    return filePage.parse(decodeCanonical(bytes))
  } catch (cause) {
    if (cause instanceof ProtocolError || cause instanceof z.ZodError)
      throw new SottoError('invalid-argument', {}, cause)
    throw cause
  }
}
