/** Takes the history page by page to the archive worker; nothing heavy happens here. */
import type { ArchivedConversation, ArchiveScope } from '#main/history/archive-port.ts'
import { SottoError } from '#shared/errors.ts'
import type { ExportResult } from '#shared/model/archive-views.ts'
import type { ManifestSignature } from '#shared/model/export-signature.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { ArchivePorts } from './archive-port.ts'
import type { Protection } from './age/header.ts'
import type { ManifestScope } from './format/manifest.ts'
import type { JobWorker } from './job-worker.ts'

/** Messages per question to the reader. */
const pageLimit = 200

export interface ExportTask {
  readonly ports: ArchivePorts
  readonly worker: JobWorker
  readonly scope: ArchiveScope
  /** Path of the file or folder. */
  readonly target: string
  readonly report: (done: number, total: number) => void
  /** Throws when the user gave up. */
  readonly check: () => void
}

/** The encrypted export. @throws SottoError `export-nothing`, `disk-full`, `disk-failed`, `export-not-verified`, `cancelled`. */
export async function runExport(task: ExportTask, protection: Protection): Promise<ExportResult> {
  const { ports, worker, scope, target, report, check } = task
  const extent = await ports.reader.archiveExtent(scope)
  if (extent.entries === 0) throw new SottoError('export-nothing')
  const { accounts, lastSeq } = extent
  const named = await manifestScope(ports, scope)
  check()
  await worker.call('beginExport', {
    target,
    protection,
    program: ports.program,
    scope: named,
    accounts: [...accounts],
  })
  let [after, done]: [number | null, number] = [0, 0]
  while (after !== null) {
    const page = await ports.reader.archivePage({ scope, after, lastSeq })
    check()
    await worker.call('addEntries', page)
    report((done += page.ends.length), extent.entries)
    after = page.next
  }
  const manifestSha256 = await worker.call('writeManifest')
  const signatures = await signaturesOf(ports, accounts, manifestSha256)
  check()
  const { bytes: fileBytes, ...facts } = await worker.call('finishExport', signatures)
  return { path: target, fileBytes, ...facts, signedBy: signatures.map(({ account }) => account) }
}

async function signaturesOf(
  { identity }: ArchivePorts,
  accounts: readonly Aor[],
  manifestSha256: Uint8Array,
): Promise<readonly ManifestSignature[]> {
  const made = await Promise.all(accounts.map((account) => identity.signExport(account, manifestSha256)))
  return made.filter((signature) => signature !== null)
}

/** The scope as the manifest names it: by addresses, not by ids of this profile. */
async function manifestScope({ reader }: ArchivePorts, scope: ArchiveScope): Promise<ManifestScope> {
  if (scope.kind !== 'conversation') return scope
  const [conversation] = await reader.archivedConversations(scope)
  if (conversation === undefined) throw new SottoError('export-nothing')
  const { account, peer } = conversation
  return { kind: 'conversation', account, peer }
}

/** Pages or JSON that anybody can read. @throws as {@link runExport}. */
export async function runReadable(task: ExportTask, format: 'html' | 'json'): Promise<ExportResult> {
  const { ports, worker, scope, target, report, check } = task
  const conversations = await ports.reader.archivedConversations(scope)
  if (conversations.length === 0) throw new SottoError('export-nothing')
  await worker.call('beginReadable', { target, format, language: ports.language() })
  for (const [done, conversation] of conversations.entries()) {
    check()
    report(done, conversations.length)
    await worker.call('beginConversation', conversation)
    await addFiles(task, conversation)
    await addMessages(task, conversation)
  }
  const { bytes: fileBytes, ...facts } = await worker.call('finishReadable')
  return { path: target, fileBytes, ...facts, signedBy: [] }
}

async function addFiles({ ports, worker, check }: ExportTask, { id }: ArchivedConversation): Promise<void> {
  const scope = { kind: 'conversation', conversationId: id } as const
  const { lastSeq } = await ports.reader.archiveExtent(scope)
  for (let after: number | null = 0; after !== null;) {
    const page = await ports.reader.archivePage({ scope, after, lastSeq })
    check()
    await worker.call('addFiles', page)
    after = page.next
  }
}

async function addMessages({ ports, worker, scope, check }: ExportTask, { id }: ArchivedConversation): Promise<void> {
  const inScope = (receivedAt: number): boolean =>
    scope.kind !== 'period' || (receivedAt >= scope.from && receivedAt < scope.to)
  let position = -1
  for (let more = true; more;) {
    const page = await ports.reader.page({ conversationId: id, anchor: { at: 'after', position }, limit: pageLimit })
    check()
    await worker.call(
      'addMessages',
      page.messages.filter(({ receivedAt }) => inScope(receivedAt)),
    )
    position = page.messages.at(-1)?.position ?? position
    more = page.hasNewer && page.messages.length > 0
  }
}
