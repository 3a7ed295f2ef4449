/** What replication asks of a server over the network, beside the history itself (`ports.ts`). Everything rejects with a `SottoError`. */
import type { AttachmentId } from '#shared/model/ids.ts'
import type { ErasureAnswer, ErasureNotice } from '#shared/replication/api.ts'
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

/** What digest needs of a password. */
export interface SignInSecrets {
  readonly ha1Sha256: string
  /** That the password goes with: a server takes none of an older one than it has. */
  readonly epoch: number
}

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

/** Some of a sealed attachment's file. */
export interface BlobPart {
  /** Bytes of the whole file, and where these begin. */
  readonly size: number
  readonly at: number
  readonly bytes: Uint8Array
}

/** `whole`: the server has all of it. `part`: all before `next`. `full`: it takes no more. `refused`: it is too large, or not what its name says. */
export type BlobPushed =
  { readonly kind: 'whole' | 'full' | 'refused' } | { readonly kind: 'part'; readonly next: number }

/** Sealed attachments at a replica, named by the SHA-256 of their files. */
export interface ReplicaBlobsPort {
  pushBlob(id: AttachmentId, part: BlobPart): Promise<BlobPushed>
  /** Of each how much is there, in the same order. */
  whichBlobs(ids: readonly AttachmentId[]): Promise<readonly { readonly whole: boolean; readonly next: number }[]>
  /** Bytes from `at` on; null where the server does not have it. */
  readBlob(id: AttachmentId, at: number): Promise<Omit<BlobPart, 'at'> | null>
  eraseBlobs(ids: readonly AttachmentId[]): Promise<void>
}

/** Erasing an account on the word of its password, which the server announces to the devices for 14 days. */
export interface ErasurePort {
  /** As the server said when it last gave {@link ReplicaClientPort.links}; null = nobody asked. */
  erasureNotice(): ErasureNotice | null
  /** Asks for it, or only how it stands; nothing is signed. @throws SottoError `wrong-password`, `invitation-invalid`. */
  askErasure(secret: OpeningSecret, ask: boolean): Promise<ErasureAnswer>
  /** Says as a device, or with the paper key, that the history stays. */
  keepHistory(): Promise<void>
}

/** One account at one replica, over connections of its own that are made when they are needed. */
export interface ReplicaClientPort extends ReplicaServerPort, ReplicaBlobsPort, ErasurePort {
  /** All links that are stored, in no special order; null where the account has no chain there, or one without this device. */
  links(): Promise<readonly Uint8Array[] | null>
  /** Stores link 0, and what follows it. `open`: another one is there already. */
  open(link: Uint8Array, secret: OpeningSecret, more?: readonly Uint8Array[]): Promise<'stored' | 'open'>
  /** `head-moved`: another link stands in its place; the chain has to be read again. */
  addLink(link: Uint8Array, asFork: boolean): Promise<'stored' | 'head-moved'>
  /** Boxes for this device, or for the paper key, which this device is given to open them. */
  boxes(of?: 'paper'): Promise<readonly SealedEpochKey[]>
  /** Those that are stored already stay. */
  putBoxes(boxes: readonly (SealedEpochKey & { readonly recipient: Uint8Array | 'paper' })[]): Promise<void>
  /** Erases the boxes of older epochs. */
  dropBoxesBefore(epoch: number): Promise<void>
  /** Gives what digest needs of the account's new password, on this device's word; false where the replica is not at the account's home server. @throws SottoError `sign-in-outdated` where a newer one was given. */
  giveSignIn(secrets: SignInSecrets): Promise<boolean>
  /** Read from the server just now. */
  copy(): Promise<ServerCopy>
  /** Erases batches, blobs, boxes and chain. */
  erase(): Promise<void>
  /** Something was stored that this device did not push, or nobody knows because the connection was lost; returns the disposer. */
  onNews(handler: () => void): () => void
  /** Ends its connections; what waits rejects with `cancelled`. */
  close(): void
}

export type ConnectReplica = (account: string, address: ReplicaAddress, signer: RequestSignerPort) => ReplicaClientPort
