/** What replication asks of a server over the network, beside the history itself (`ports.ts`). Everything rejects with a `SottoError`. */
import type { ReplicaServerPort } from './ports.ts'

/** Where a replica is and how it proves to be the one. */
export interface ReplicaAddress {
  readonly host: string
  readonly port: number
  /** SHA-256 of the key of its certificate, base64; with any, one must fit and no authority is asked. */
  readonly spkiPins: readonly string[]
}

/** Who signs requests: a device of the chain, or the paper key. */
export interface RequestSignerPort {
  readonly by: Uint8Array | 'paper'
  sign(message: Uint8Array): Uint8Array
}

/** How somebody shows that an account without a chain is theirs: the secrets of SIP digest, or an invitation. */
export type OpeningSecret =
  | { readonly kind: 'digest'; readonly user: string; readonly domain: string; readonly ha1Sha256: string }
  | { readonly kind: 'invitation'; readonly token: Uint8Array }

/** What a server says it holds of an account. */
export interface ServerCopy {
  readonly batches: number
  readonly bytes: number
  /** Whole days since 1970; null without a batch. */
  readonly oldestDay: number | null
}

export interface SealedEpochKey {
  readonly epoch: number
  readonly box: Uint8Array
}

/** One account at one replica, over connections of its own that are made when they are needed. */
export interface ReplicaClientPort extends ReplicaServerPort {
  /** All links that are stored, in no special order; null where the account has no chain there, or one without this device. */
  links(): Promise<readonly Uint8Array[] | null>
  /** Stores link 0. `open`: another one is there already. */
  open(link: Uint8Array, secret: OpeningSecret): Promise<'stored' | 'open'>
  /** `head-moved`: another link stands in its place; the chain has to be read again. */
  addLink(link: Uint8Array, asFork: boolean): Promise<'stored' | 'head-moved'>
  /** Boxes for this device, or for the paper key, which this device is given to open them. */
  boxes(of?: 'paper'): Promise<readonly SealedEpochKey[]>
  /** Those that are stored already stay. */
  putBoxes(boxes: readonly (SealedEpochKey & { readonly recipient: Uint8Array | 'paper' })[]): Promise<void>
  /** Erases the boxes of older epochs. */
  dropBoxesBefore(epoch: number): Promise<void>
  /** Read from the server just now. */
  copy(): Promise<ServerCopy>
  /** Erases batches, boxes and chain. */
  erase(): Promise<void>
  /** Something was stored that this device did not push, or nobody knows because the connection was lost; returns the disposer. */
  onNews(handler: () => void): () => void
  /** Ends its connections; what waits rejects with `cancelled`. */
  close(): void
}

export type ConnectReplica = (account: string, address: ReplicaAddress, signer: RequestSignerPort) => ReplicaClientPort
