/** Verifies a file in the archive worker, says what it would change, and applies it batch by batch. */
import { z } from 'zod'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import type { ImportResult, ImportSummary } from '#shared/model/archive-views.ts'
import type { SignatureWorth } from '#shared/model/export-signature.ts'
import type { ArchivePorts } from './archive-port.ts'
import type { OpeningSecret } from './age/header.ts'
import type { JobWorker } from './job-worker.ts'

/** How far an import got that is not finished: in the same transaction as what it applied. */
export const progressSetting = 'archive.import'
/** Numbers of imports, for the writer. */
let imports = 0
const progressSchema = z.object({ manifest: z.string(), partsDone: z.number().int().nonnegative() })

export interface ImportTask {
  readonly ports: ArchivePorts
  readonly worker: JobWorker
  readonly path: string
  /** Throws when the user gave up. */
  readonly check: () => void
}

/** A file that was verified as a whole and compared with what is here. */
export interface ReadyImport {
  readonly summary: ImportSummary
  /** Names the file in the note of how far it got; null for Blink, whose rows are quick to pass over again. */
  readonly manifest: string | null
  readonly partsDone: number
}

/** Opens and verifies an export. @throws SottoError `import-…`, `cancelled`, `disk-failed`, `not-found`. */
export async function verifyFile(task: ImportTask, secret: OpeningSecret): Promise<ReadyImport> {
  const { ports, worker, path } = task
  const { manifest, manifestSha256, signatures } = await worker.call('openExport', path, secret)
  const worths = await Promise.all(signatures.map((signature) => ports.identity.judgeExport(signature, manifestSha256)))
  await worker.call('judge', worths)
  const vouched = new Set(signatures.filter((_, i) => worths[i] === 'own').map(({ account }) => account))
  const name = toBase64Url(manifestSha256)
  const partsDone = await partsDoneOf(ports, name)
  const summary: ImportSummary = {
    ...{
      source: 'sotto',
      createdAt: manifest.createdAt,
      worth: overall(manifest.accounts.length, vouched.size, worths),
    },
    accounts: manifest.accounts.map((aor) => ({ aor: aor as never, vouched: vouched.has(aor as never) })),
    ...(await compare(task)),
    attachments: manifest.counts.attachments,
    resumes: partsDone > 0,
  }
  return { summary, manifest: name, partsDone }
}

/** Opens a history of Blink. @throws as {@link verifyFile}. */
export async function readBlink(task: ImportTask): Promise<ReadyImport> {
  await task.worker.call('openBlink', task.path)
  const compared = await compare(task)
  const none = { createdAt: null, worth: 'unsigned', accounts: [], attachments: 0, resumes: false } as const
  return { summary: { source: 'blink', ...none, ...compared }, manifest: null, partsDone: 0 }
}

function overall(accounts: number, vouched: number, worths: readonly SignatureWorth[]): ImportSummary['worth'] {
  if (vouched > 0) return vouched === accounts ? 'own' : 'mixed'
  return worths.includes('foreign') ? 'foreign' : 'unsigned'
}

type Compared = Pick<
  ImportSummary,
  'newMessages' | 'heldMessages' | 'conflicts' | 'newOthers' | 'newConversations' | 'leftOut'
>

async function compare({ ports, worker, check }: ImportTask): Promise<Compared> {
  const sum = { newMessages: 0, heldMessages: 0, conflicts: 0, newOthers: 0, leftOut: 0 }
  const conversations = new Set<string>()
  await worker.call('beginBatches', 'comparing', 0)
  for (let batch = await worker.call('nextBatch'); batch !== null; batch = await worker.call('nextBatch')) {
    check()
    const { newConversations, ...counts } = await ports.reader.previewImport(batch)
    for (const id of newConversations) conversations.add(id)
    sum.leftOut += batch.leftOut
    for (const name of ['newMessages', 'heldMessages', 'conflicts', 'newOthers'] as const) sum[name] += counts[name]
  }
  return { ...sum, newConversations: conversations.size }
}

async function partsDoneOf({ reader }: ArchivePorts, manifest: string): Promise<number> {
  const json = await reader.setting(progressSetting)
  const parsed = json === null ? null : progressSchema.safeParse(JSON.parse(json))
  return parsed?.success === true && parsed.data.manifest === manifest ? parsed.data.partsDone : 0
}

/** Applies what was verified: attachments first, then entries, each batch in one transaction with how far it got. */
export async function applyImport(task: ImportTask, ready: ReadyImport): Promise<ImportResult> {
  const { ports, worker } = task
  const brought = await worker.call('broughtAttachments')
  if (brought.length === 0) return applyParts(task, ready)
  // From before a file is looked for until an entry names it, nobody may erase it.
  await ports.writer.commit({ holdAttachments: brought })
  try {
    return await applyParts(task, ready)
  } finally {
    // A history that closes has let them go already.
    await ports.writer.commit({ releaseAttachments: true }).catch(() => undefined)
  }
}

async function applyParts(task: ImportTask, ready: ReadyImport): Promise<ImportResult> {
  const { ports, worker, check } = task
  const { restored } = await worker.call('restoreAttachments')
  check()
  await worker.call('beginBatches', 'importing', ready.partsDone)
  const partOf = ++imports
  const leftOut = await commitBatches(task, ready, partOf)
  const settings = ready.manifest === null ? [] : [{ key: progressSetting, valueJson: null }]
  await ports.writer.commit({ settings, endOf: partOf })
  const { newMessages, newConversations } = ready.summary
  return { newMessages, newConversations, attachments: restored, leftOut }
}

/** One batch is read, one on its way to the writer and one made durable, each while the others are. Returns how many entries were left out. */
async function commitBatches(
  { ports, worker, check }: ImportTask,
  { manifest }: ReadyImport,
  partOf: number,
): Promise<number> {
  let leftOut = 0
  let durable: Promise<unknown> = Promise.resolve()
  let next = worker.call('nextBatch')
  try {
    for (let batch = await next; batch !== null; batch = await next) {
      check()
      next = worker.call('nextBatch')
      next.catch(() => undefined)
      const { bytes, ends, partsDone } = batch
      leftOut += batch.leftOut
      const settings = manifest === null ? [] : [progressOf(manifest, partsDone)]
      const committed = ports.writer.commit({ packed: { bytes, ends }, partOf, settings })
      committed.catch(() => undefined)
      const before = durable
      durable = committed
      await before
    }
  } finally {
    // Nothing is on its way any more when this is over, however it ended.
    await Promise.allSettled([durable])
  }
  await durable
  return leftOut
}

function progressOf(manifest: string, partsDone: number): { readonly key: string; readonly valueJson: string } {
  return { key: progressSetting, valueJson: JSON.stringify({ manifest, partsDone }) }
}
