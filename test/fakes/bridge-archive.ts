/** Exports and imports of the fake bridge: they stop in the middle when the passphrase or file name says so. */
import type { BridgeReply } from '#shared/bridge/api.ts'
import type { BridgeArgs, BridgeName, BridgeResult } from '#shared/bridge/table.ts'
import type { ErrorCode } from '#shared/errors.ts'
import type { ArchiveActivity, ExportResult, ImportSummary } from '#shared/model/archive-views.ts'
import type { Aor } from '#shared/model/ids.ts'

type Row = Extract<BridgeName, `archive.${string}`>
type Reply<N extends BridgeName> = BridgeResult<N> | BridgeReply<BridgeResult<N>>
type Rows = { readonly [N in Row]: (args: BridgeArgs<N>) => Reply<N> | Promise<Reply<N>> }

/** A passphrase with which work never ends, and one that does not fit. */
export const [endless, wrong] = ['endless copper river meadow', 'not the right words']

const refused = (code: ErrorCode) => ({ ok: false, code, params: {} }) as const
const me = 'sip:alice@home.example' as Aor

const exported: ExportResult = {
  path: '/home/alice/Documents/Sotto 2026-11-22.age',
  ...{ fileBytes: 4_812_000, entries: 2210, messages: 1934, conversations: 7, attachments: 12, missingAttachments: 1 },
  signedBy: [me],
}
const summary: ImportSummary = {
  ...{ source: 'sotto', createdAt: Date.UTC(2026, 10, 20, 9, 30), worth: 'foreign' },
  accounts: [{ aor: me, vouched: false }],
  ...{ newMessages: 1930, heldMessages: 4, conflicts: 1, newOthers: 276, newConversations: 6 },
  ...{ attachments: 12, leftOut: 31, resumes: false },
}

export class FakeArchive {
  readonly #emit: (activity: ArchiveActivity | null) => void
  #cancel: (() => void) | null = null

  constructor(emit: (activity: ArchiveActivity | null) => void) {
    this.#emit = emit
  }

  #until(activity: ArchiveActivity): Promise<ReturnType<typeof refused>> {
    this.#emit(activity)
    return new Promise((resolve) => {
      this.#cancel = () => {
        this.#emit(null)
        resolve(refused('cancelled'))
      }
    })
  }

  readonly rows: Rows = {
    'archive.exportSealed': ({ protection }) => {
      const typed = protection.kind === 'passphrase' ? new TextDecoder().decode(protection.passphrase) : ''
      return typed === endless ? this.#until({ kind: 'export', phase: 'writing', done: 812, total: 2210 }) : exported
    },
    'archive.exportReadable': () => ({ ...exported, path: '/home/alice/Documents/Sotto 2026-11-22', signedBy: [] }),
    'archive.choose': () => ({ fileName: 'Sotto 2026-11-20.age', kind: 'passphrase' }),
    'archive.verify': ({ secret }) => {
      const typed = new TextDecoder().decode(secret ?? new Uint8Array())
      if (typed === wrong) return refused('import-wrong-key')
      return typed === endless ? this.#until({ kind: 'import', phase: 'verifying', done: 61, total: 100 }) : summary
    },
    'archive.import': () => ({ newMessages: 1930, newConversations: 6, attachments: 12, leftOut: 31 }),
    'archive.cancel': () => {
      this.#cancel?.()
      this.#cancel = null
      return null as never
    },
    'archive.reveal': () => null as never,
  }
}
