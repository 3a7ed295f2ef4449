/** Both ends of a transfer as this device has them: its history, and the files behind it. */
import { historyWithFiles, sinkWithFiles, type FileSinkPort, type FileSourcePort } from './transfer-files.ts'
import type { HistorySinkPort, HistorySourcePort } from './transfer-port.ts'
import type { Aor } from '#shared/model/ids.ts'

export interface TransferEndsParts {
  readonly source: HistorySourcePort
  readonly sink: HistorySinkPort
  /** Attachments that the entries of an account name. */
  readonly attachmentsOf: FileSourcePort['ids']
  /** Sealed, as they lie on the disk. */
  readonly files: Omit<FileSourcePort, 'ids'> & FileSinkPort
  /** Settings in the history, as JSON. */
  readonly settings: {
    setting(key: string): Promise<string | null>
    setSetting(key: string, valueJson: string | null): Promise<void>
  }
}

export interface TransferEnds {
  readonly source: HistorySourcePort
  readonly sink: HistorySinkPort
  /** A transfer to this device is over, or another one begins. */
  readonly forgetMark: (account: Aor) => Promise<void>
}

const markOf = (account: Aor): string => `linking.taken-files:${account}`

export function transferEnds({ source, sink, attachmentsOf, files, settings }: TransferEndsParts): TransferEnds {
  const sinkOf = (account: Aor): HistorySinkPort =>
    sinkWithFiles(sink, {
      files,
      mark: {
        load: async () => tokenIn(await settings.setting(markOf(account))),
        save: (token) => settings.setSetting(markOf(account), JSON.stringify(token)),
      },
    })
  return {
    source: historyWithFiles(source, {
      ids: attachmentsOf,
      read: (id, offset, length) => files.read(id, offset, length),
    }),
    sink: {
      takePiece: (account, page) => sinkOf(account).takePiece(account, page),
      takenPiece: (account) => sinkOf(account).takenPiece(account),
    },
    forgetMark: (account) => settings.setSetting(markOf(account), null),
  }
}

function tokenIn(json: string | null): string | null {
  const token: unknown = json === null ? null : JSON.parse(json)
  return typeof token === 'string' ? token : null
}
