/** What the transfer of a whole history needs of it: pages to read at the source, and to take in at the sink. */
import type { Aor } from '#shared/model/ids.ts'

export interface HistoryPage {
  /** Names this page. */
  readonly token: string
  readonly bytes: Uint8Array
  /** How much of the whole is handed over with it, 0 to 1. */
  readonly share: number
  readonly isLast: boolean
}

export interface HistorySourcePort {
  /** The page after that one; the first after null. */
  transferPiece(account: Aor, after: string | null): Promise<HistoryPage>
}

export interface HistorySinkPort {
  /** Durable when it resolves, with the page's token. @throws SottoError `invalid-argument` for what is no page. */
  takePiece(account: Aor, page: Pick<HistoryPage, 'token' | 'bytes'>): Promise<unknown>
  /** Token of the last page taken in; null before the first. */
  takenPiece(account: Aor): Promise<string | null>
}

/** Which history, over which slot, under which key: as the parcel has it. */
export interface HistoryTransfer {
  readonly account: Aor
  readonly slot: Uint8Array
  /** 32 bytes; its owner wipes it. */
  readonly key: Uint8Array
}

/** How far it is. */
export interface TransferProgress {
  /** 0 to 1, of what is durable at the sink. */
  readonly share: number
  /** In this run. */
  readonly pages: number
  readonly bytes: number
}
