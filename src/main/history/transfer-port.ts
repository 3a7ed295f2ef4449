/**
 * The whole history of one account on its way to a newly linked device, in pieces, with what that device has to know of the replica so that it
 * does not read the last 60 days from the server once more. A piece is secret; it is hostile until it is taken in.
 *
 * The receiver asks for the piece after the last one it has: `after` = that one's token, null at first. A piece may be asked for and taken in
 * twice. The receiver's account has to be switched on (`ReplicaKeeperPort.switchOn`, without a snapshot), and its engine must not run before
 * the last piece is taken in; if it does, it reads from the server what the pieces bring.
 */
import type { Aor } from '#shared/model/ids.ts'
import type { Hlc } from '#shared/model/entry.ts'

export interface TransferPiece {
  /** Names this piece; up to {@link maxTokenLength} characters. */
  readonly token: string
  /** Up to {@link maxPieceBytes}. */
  readonly bytes: Uint8Array
  /** How much of the whole is handed over with it, 0 to 1. */
  readonly share: number
  /** Nothing comes after it. */
  readonly isLast: boolean
}

/** One entry alone may be so large, and a page ends after a megabyte. */
export const maxPieceBytes = 16 * 1_048_576
export const maxTokenLength = 64

export interface TransferReaderPort {
  /**
   * The next piece of an account. Rejects with SottoError `not-found` for an account that does not replicate, `invalid-argument` for a token
   * that no piece has.
   */
  transferPiece(account: Aor, after: string | null): Promise<TransferPiece>
}

export interface PieceReceipt {
  /** Timestamp of the latest entry, for the clock of new entries to go on from; null without any. */
  readonly latest: Hlc | null
}

export interface TransferWriterPort {
  /**
   * Takes a piece in, in one transaction that also keeps its token. Rejects with SottoError `not-found` for an account that does not replicate,
   * `invalid-argument`, nothing changed, for what is no piece of this account.
   */
  takePiece(account: Aor, piece: Pick<TransferPiece, 'token' | 'bytes'>): Promise<PieceReceipt>
  /** Token of the last piece taken in, to go on after; null when none was, or all were. */
  takenPiece(account: Aor): Promise<string | null>
}
