/** Who may do what with which chain: the decisions about a signed request that need no state of their own (pure). */
import { deviceIdText, type ChainState } from '#shared/identity/device-chain.ts'
import type { ChainReading } from '#shared/identity/read-chain.ts'
import { equalBytes } from '#shared/bytes/bytes.ts'
import type { DeviceId } from '#shared/model/ids.ts'
import type { VerifierPort } from '#shared/ports/verifier.ts'
import { requestSignatureInput, type ReplicaRequest, type SignedRequest } from '#shared/replication/request.ts'
import { err, ok, type Result } from '#shared/result.ts'

/**
 * What a request is for. `read`: history and boxes. `write`: batches, boxes and tombstones. `links`: to see the chain and add to it.
 * `erase`: all that is held of the account.
 */
export type RequestUse = 'read' | 'write' | 'links' | 'erase'

/** A request as it reached the listener. */
export interface Arrival {
  /** Value of `Authorization`. */
  readonly authorization: string | undefined
  readonly method: string
  readonly target: string
  /** Of the `Host` header, which was found to be one of ours: lower case, without port and brackets. */
  readonly host: string
  /** `tls-exporter` of the connection (RFC 9266); null without TLS. */
  readonly channel: Uint8Array | null
  /** Whether the other end is this computer. */
  readonly loopback: boolean
  /** IP address of the other end. */
  readonly address: string
  readonly use: RequestUse
}

/**
 * Why a request is refused. `malformed`: no signed request. `wrong-target`: signed for another method, path or query. `not-for-paper`: the
 * paper key adds links and erases, no more. `too-many`: of this address, or of this account. What the others mean, their names say.
 */
export type RequestRefusal =
  | 'malformed'
  | 'wrong-target'
  | 'wrong-host'
  | 'wrong-channel'
  | 'wrong-body'
  | 'stale-challenge'
  | 'no-chain'
  | 'unknown-device'
  | 'bad-signature'
  | 'revoked'
  | 'forked'
  | 'not-for-paper'
  | 'replayed'
  | 'too-many'

/** Who signed: a device of the chain, or the paper key. */
export type RequestSigner = DeviceId | 'paper'

export function signerOf({ device }: Pick<ReplicaRequest, 'device'>): RequestSigner {
  return device === 'paper' ? 'paper' : deviceIdText(device)
}

/** Whether the request was signed for what arrived, as far as that can be seen without a chain. */
export function refuseArrival(request: ReplicaRequest, arrival: Arrival): RequestRefusal | null {
  if (request.method !== arrival.method || request.target !== arrival.target) return 'wrong-target'
  if (request.host !== arrival.host) return 'wrong-host'
  return isSameChannel(request, arrival) ? null : 'wrong-channel'
}

function isSameChannel(request: ReplicaRequest, { channel, loopback }: Arrival): boolean {
  if (channel === null) return loopback && request.channel.length === 0
  return channel.length > 0 && equalBytes(request.channel, channel)
}

/** Public key of nobody who is let in (RFC 8032 §7.1, test 1): signatures by strangers cost the same work as those by devices. */
const strangerKey = Uint8Array.from([
  ...[0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a],
  ...[0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a],
])

/** The chain that the signer belongs to, valid still or not, once their signature holds. */
export function checkSignature(
  signed: SignedRequest,
  chain: ChainReading | null,
  crypto: VerifierPort,
): Result<ChainReading, RequestRefusal> {
  const key = chain === null ? null : keyOf(chain.state, signerOf(signed.request))
  const holds = crypto.verify(key ?? strangerKey, requestSignatureInput(signed.bytes), signed.signature)
  if (chain === null) return err('no-chain')
  if (key === null) return err('unknown-device')
  return holds ? ok(chain) : err('bad-signature')
}

function keyOf({ paper, devices }: ChainState, signer: RequestSigner): Uint8Array | null {
  return signer === 'paper' ? paper.ed25519 : (devices.get(signer)?.keys.ed25519 ?? null)
}

/** Whether the signer may do this; what is said here is said to the holder of its key only. */
export function refuseUse(
  { state, fork }: ChainReading,
  signer: RequestSigner,
  use: RequestUse,
): RequestRefusal | null {
  if (signer === 'paper') return use === 'links' || use === 'erase' ? null : 'not-for-paper'
  if (state.devices.get(signer)?.revokedAt !== null) return 'revoked'
  return fork !== null && (use === 'write' || use === 'erase') ? 'forked' : null
}

/** What a stranger is told: not which accounts and devices there are. */
export function toldRefusal(refusal: RequestRefusal): Exclude<RequestRefusal, 'no-chain' | 'unknown-device'> {
  return refusal === 'no-chain' || refusal === 'unknown-device' ? 'bad-signature' : refusal
}
