/**
 * What a replica and its clients say to each other over HTTPS (`docs/replication.md`). Bodies are canonical CBOR (RFC 8949 §4.2.1) of these
 * shapes, batches travel as they are (`batch.ts`, `page.ts`). Both sides parse with these schemas.
 *
 * Rules for evolving: fields may be added as optional only; field names are never reused; no floats.
 */
import { z } from 'zod'
import { decodeCanonical, encodeCanonical, type CborErrorCode } from '../bytes/canonical-cbor.ts'
import { bytesOf, bytesUpTo } from '../bytes/schemas.ts'
import { ProtocolError } from '../errors.ts'
import { maxLinkBytes } from '../model/device-link.ts'
import { deviceIdLength, hashBytes } from './envelope.ts'
import { maxFrontierDevices, maxHeadBytes } from './head.ts'
import { challengeBytes } from './request.ts'
import { maxBodyBytes } from './size-classes.ts'

/** Path that all requests to a replica begin with. */
export const replicaPath = '/replica'
export const newsTarget = `${replicaPath}/news`
/** WebSocket subprotocol of {@link newsTarget}; its messages are {@link NewsWord}s. */
export const newsProtocol = 'sotto-replica-news'
/** Something was stored that another device pushed; the chain has a new link. */
export const newsWords = ['stored', 'chain'] as const
export type NewsWord = (typeof newsWords)[number]

/** A batch at most: one entry alone may be as large as a body can be. */
export const maxBatchBytes = maxBodyBytes + maxHeadBytes + 65_536
/** Batches of a page come to no more than this, unless the first alone does. */
export const pageBytes = 1_048_576
/** All links that a chain may have travel in pages of about this, boxes too. */
export const listBytes = 1_048_576
/** Boxes of one request. */
export const maxBoxesAtOnce = 1024
export const maxBoxBytes = 1024
/** Bytes of a blob that travel at once, of a whole one, and blobs of one request. */
export const blobPartBytes = 1_048_576
export const maxBlobBytes = 134_217_728
export const maxBlobsAtOnce = 1024
export const maxInvitationBytes = 64
/** Behind link 0, of a chain that opens an account once more. */
export const maxOpeningLinks = 8192

const device = bytesOf(deviceIdLength)
const seq = z.number().int().min(1)
const count = z.number().int().nonnegative()
const epoch = z.number().int().min(1).max(0xffff_ffff)
const link = bytesUpTo(2 * maxLinkBytes)

/** `GET /replica/challenge`. */
export const challengeAnswer = z.object({ challenge: bytesOf(challengeBytes) })

/** `PUT /replica/chain`: opens an account, with the links that its chain had behind link 0 before it was erased; with SIP digest in `Authorization` where there is no invitation. */
export const openingRequest = z.object({
  account: z.string().max(400),
  link,
  more: z.array(link).max(maxOpeningLinks).optional(),
  invitation: bytesUpTo(maxInvitationBytes).optional(),
})
/** Also the answer to `POST /replica/chain`. `repeated`: the same link was there. */
export const storedAnswer = z.object({ kind: z.enum(['stored', 'repeated']) })

/** Milliseconds since 1970 by the server's clock. */
const time = z.number().int().nonnegative()
/** Somebody without a device asked that all is erased; it is, at `dueAt`, unless a device or the paper key says that it stays. */
export const erasureNotice = z.object({ askedAt: time, dueAt: time })
export type ErasureNotice = z.output<typeof erasureNotice>

/** `GET /replica/chain?from=N`: links from the Nth on as they were stored; the next page begins after them. */
export const linksAnswer = z.object({ links: z.array(link), end: z.boolean(), erasure: erasureNotice.optional() })

/** `POST /replica/erasure`: asks for it, or only (`ask` false) how it stands; with SIP digest in `Authorization` where there is no invitation. */
export const erasureRequest = z.object({
  account: z.string().max(400),
  ask: z.boolean(),
  invitation: bytesUpTo(maxInvitationBytes).optional(),
})
/**
 * `none`: nothing is held of the account. `sealed`: it is, and nobody asked. `asked`: all is erased at `dueAt`. `kept`: a device, or the
 * paper key, said so at `keptAt`; soon after that nobody asks anew.
 */
export const erasureAnswer = z.discriminatedUnion('state', [
  z.object({ state: z.enum(['none', 'sealed']) }),
  erasureNotice.extend({ state: z.literal('asked') }),
  z.object({ state: z.literal('kept'), keptAt: time }),
])
export type ErasureAnswer = z.output<typeof erasureAnswer>

/** `POST /replica/chain`. `asFork`: the link is in use already and is to stand beside another one. */
export const linkRequest = z.object({ link, asFork: z.boolean() })

/** `GET /replica/boxes?from=EPOCH`, `&of=paper` for those of the paper key: from that epoch on; the next page begins after the last. */
export const boxesAnswer = z.object({
  boxes: z.array(z.object({ epoch, box: bytesUpTo(maxBoxBytes) })),
  end: z.boolean(),
})

/** `POST /replica/boxes`. */
export const boxesRequest = z.object({
  boxes: z
    .array(z.object({ epoch, recipient: z.union([device, z.literal('paper')]), box: bytesUpTo(maxBoxBytes) }))
    .min(1)
    .max(maxBoxesAtOnce),
})
/** One for each box. `taken`: another one was there, and stays. */
export const boxesStoredAnswer = z.object({ answers: z.array(z.enum(['stored', 'repeated', 'taken'])) })

/** `DELETE /replica/boxes?before=EPOCH`, `DELETE /replica/erasure`: how many there were. */
export const droppedAnswer = z.object({ dropped: count })

const storedHead = z.object({ device, seq, hash: bytesOf(hashBytes) })
/** `GET /replica/heads`: how far each device has written. */
export const headsAnswer = z.object({ heads: z.array(storedHead) })

/** `POST /replica/batches?begins=0|1`; the body is a batch. `day` = of receipt, whole days since 1970. */
export const pushAnswer = z.object({ kind: z.enum(['stored', 'repeated']), day: count })

/** `POST /replica/page`: what comes after these; the answer is a page. */
export const pageRequest = z.object({ after: z.array(z.object({ device, seq: count })).max(4 * maxFrontierDevices) })

/** `PUT /replica/blobs/HASH?at=N&of=SIZE`: bytes from N on of a blob of SIZE. `next`: all before is there; of a whole blob also the `day`. */
export const blobPutAnswer = z.object({
  kind: z.enum(['part', 'stored', 'repeated']),
  next: count,
  day: count.optional(),
})

/** `POST /replica/blobs/which`, `POST /replica/blobs/erase`: SHA-256 of some blobs. */
export const blobsRequest = z.object({ blobs: z.array(bytesOf(hashBytes)).min(1).max(maxBlobsAtOnce) })
/** Of each how much is there, in the order in which they were asked for. */
export const blobsAnswer = z.object({ blobs: z.array(z.object({ whole: z.boolean(), next: count })) })

/** `GET /replica/blobs/HASH?at=N`: bytes from N on of a whole blob of this size. */
export const blobAnswer = z.object({ size: count, bytes: bytesUpTo(blobPartBytes) })

/** `GET /replica/usage`, and what is left after `DELETE /replica/account`. */
export const usageAnswer = z.object({
  batches: count,
  /** Of batches and blobs. */
  bytes: count,
  oldestDay: count.nullable(),
})

/** Why a replica says no; an HTTP status is beside it. */
export const replicaProblems = [
  // Of any request.
  'malformed',
  'not-found',
  'too-large',
  'too-many',
  'busy',
  'stopping',
  'unavailable',
  'internal',
  'browser-refused',
  'wrong-host',
  // Of a signed one.
  'wrong-target',
  'wrong-channel',
  'wrong-body',
  'stale-challenge',
  'bad-signature',
  'revoked',
  'forked',
  'not-for-paper',
  'replayed',
  // Of one that opens an account.
  'insecure',
  'unauthorized',
  'wrong-secret',
  'open',
  // Of a link, a batch, a box, a blob.
  'link-refused',
  'head-moved',
  'chain-full',
  'batch-refused',
  'not-behind-head',
  'unknown-recipient',
  'unknown-epoch',
  'quota',
  'wrong-hash',
  // Of a password: a newer one was taken.
  'older-sign-in',
] as const
export type ReplicaProblem = (typeof replicaProblems)[number]

/** `head` comes with `not-behind-head`: how far the server has this device's batches. `reason` is for those who look for a fault. */
export const problemAnswer = z.object({
  problem: z.enum(replicaProblems),
  reason: z
    .string()
    .regex(/^[a-z-]{1,40}$/)
    .optional(),
  head: storedHead.nullable().optional(),
})
export type ProblemAnswer = z.output<typeof problemAnswer>

/** Bytes of a body. */
export function encodeBody<T>(schema: z.ZodType<T>, value: T): Uint8Array<ArrayBuffer> {
  return encodeCanonical(schema.parse(value))
}

/** Why a body is not of its shape. */
export type BodyErrorCode = CborErrorCode | 'bad-shape'

/** @throws ProtocolError a {@link BodyErrorCode}. */
export function decodeBody<T>(schema: z.ZodType<T>, bytes: Uint8Array): T {
  const parsed = schema.safeParse(decodeCanonical(bytes))
  if (!parsed.success) throw new ProtocolError<BodyErrorCode>('bad-shape')
  return parsed.data
}
