/**
 * Rules of the device chain as pure functions: which links count, what they change, and when a chain is forked.
 * Verify with {@link verifyLink}, then {@link applyVerifiedLink}; {@link readChain} does both for a set of links in any
 * order. The hash of link 0 is the person's identity.
 */
import { toBase64Url } from '../bytes/base64url.ts'
import { concatBytes, copyOf, equalBytes, utf8 } from '../bytes/bytes.ts'
import { ProtocolError } from '../errors.ts'
import type { Aor, DeviceId } from '../model/ids.ts'
import {
  decodeLinkBody,
  decodeSignedLink,
  type DeviceKeys,
  type LinkDevice,
  type LinkBody,
  type LinkBodyOf,
  type LinkSignature,
  type PaperKeys,
  type SignedLink,
} from '../model/device-link.ts'
import { err, ok, type Result } from '../result.ts'
import type { VerifierPort } from '../ports/verifier.ts'

const signatureLabel = utf8('sotto/v1/device-link\0')
export const maxDevices = 64
const maxChainLength = 4096

/** SHA-256 of a link's body, base64url. */
export type LinkHash = string

/** One device as the chain knows it. */
export interface ChainDevice {
  readonly keys: DeviceKeys
  readonly sealedName: Uint8Array
  readonly addedAt: number
  /** Null while the device is valid. */
  readonly revokedAt: number | null
  /** Of a revoked device: how many of its envelopes count; null = whoever revoked it did not say. */
  readonly countsUntil: number | null
}

/** What a verified chain says. */
export interface ChainState {
  readonly account: Aor
  /** Hash of link 0. */
  readonly identity: LinkHash
  readonly head: LinkHash
  readonly length: number
  readonly paper: PaperKeys
  /** The key of the devices' names, in a box that the paper secret opens. */
  readonly namesBox: Uint8Array
  readonly devices: ReadonlyMap<DeviceId, ChainDevice>
  /** Number of the newest key epoch; 0 before the first. */
  readonly epoch: number
  /** Epochs by number. */
  readonly epochs: ReadonlyMap<number, ChainEpoch>
  /** A device was revoked, or left on a branch that does not count, that has the key of the newest epoch. */
  readonly epochIsDue: boolean
  /** The epoch that the password at a home server goes with: the first after the last removal, or after the paper added a device; 0 = neither. */
  readonly signInEpoch: number
}

/** When an epoch began, by the clock of the device that began it, ms; what names its key. */
export interface ChainEpoch {
  readonly at: number
  readonly commitment: Uint8Array
}

/** Why a link does not count. */
export type LinkRefusal =
  | 'malformed'
  | 'wrong-previous'
  | 'wrong-account'
  | 'signer-not-valid'
  | 'bad-signature'
  | 'missing-signature'
  | 'wrong-device-id'
  | 'device-exists'
  | 'device-not-valid'
  | 'wrong-epoch'
  | 'limit'

declare const verified: unique symbol
/** A link whose signatures and preconditions hold at one {@link ChainState}. */
export interface VerifiedLink {
  readonly [verified]: true
  readonly hash: LinkHash
  readonly body: LinkBody
  /** A device by its id, and the new one of an `add` link beside whoever added it. */
  readonly signers: readonly (DeviceId | 'paper')[]
  readonly signedByPaper: boolean
}

/** Device id of an Ed25519 key: first 16 bytes of its SHA-256. */
export function deviceIdOf(ed25519: Uint8Array, crypto: VerifierPort): Uint8Array {
  return copyOf(crypto.hash(ed25519).subarray(0, 16))
}

/** Device id as the model writes it. */
export function deviceIdText(bytes: Uint8Array): DeviceId {
  return toBase64Url(bytes) as DeviceId
}

/** Hash of a link's body. */
export function linkHash(body: Uint8Array, crypto: VerifierPort): LinkHash {
  return toBase64Url(crypto.hash(body))
}

/** The bytes that a signature of a link covers. */
export function linkSignatureInput(body: Uint8Array): Uint8Array {
  return concatBytes(signatureLabel, body)
}

/** Checks one link against the state it wants to extend; `state` null = link 0 of `account`. */
export function verifyLink(
  state: ChainState | null,
  bytes: Uint8Array,
  account: Aor,
  crypto: VerifierPort,
): Result<VerifiedLink, LinkRefusal> {
  const decoded = decodeLink(bytes)
  if (decoded === null) return err('malformed')
  const { link, body } = decoded
  const refusal =
    state === null
      ? refuseGenesis(body, account, crypto)
      : (refusePrevious(state, body) ?? refuseChange(state, body, crypto) ?? refuseLimits(state))
  if (refusal !== null) return err(refusal)
  const signer = refuseSignatures(state, { body, link }, crypto)
  if (signer !== null) return err(signer)
  const signers = link.signatures.map(({ by }) => (by === 'paper' ? by : deviceIdText(by)))
  const signedByPaper = signers.includes('paper')
  return ok({ hash: linkHash(link.body, crypto), body, signers, signedByPaper } as unknown as VerifiedLink)
}

/** The state after a link that {@link verifyLink} accepted at `state`. */
export function applyVerifiedLink(state: ChainState | null, link: VerifiedLink): ChainState {
  const { body, hash } = link
  if (body.kind === 'genesis') return genesisState(body, hash)
  if (state === null) throw new Error('broken invariant: only link 0 is verified without a state')
  const next = { ...state, head: hash, length: state.length + 1 }
  switch (body.kind) {
    case 'add':
      return { ...next, ...added(state, { body, byPaper: link.signedByPaper }) }
    case 'revoke':
      return { ...next, ...removal(state), devices: changeDevice(state, body.target, revoked(body)) }
    case 'pick':
      // Devices that count no more may have the key of the newest epoch, and know the password.
      return { ...next, ...removal(state) }
    case 'rename':
      return { ...next, devices: changeDevice(state, body.target, { sealedName: body.name }) }
    case 'epoch':
      return { ...next, epoch: body.epoch, epochIsDue: false, epochs: withEpoch(state, body) }
  }
}

interface DecodedLink {
  readonly link: SignedLink
  readonly body: LinkBody
}

function decodeLink(bytes: Uint8Array): DecodedLink | null {
  try {
    const link = decodeSignedLink(bytes)
    return { link, body: decodeLinkBody(link.body) }
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

function refuseGenesis(body: LinkBody, account: Aor, crypto: VerifierPort): LinkRefusal | null {
  if (body.kind !== 'genesis') return 'wrong-previous'
  if (body.account !== account) return 'wrong-account'
  return isOwnId(body.device, crypto) ? null : 'wrong-device-id'
}

function refusePrevious(state: ChainState, body: LinkBody): LinkRefusal | null {
  if (body.previous === null) return 'wrong-previous'
  return toBase64Url(body.previous) === state.head ? null : 'wrong-previous'
}

function refuseChange(state: ChainState, body: LinkBody, crypto: VerifierPort): LinkRefusal | null {
  switch (body.kind) {
    case 'genesis':
      return 'wrong-previous'
    case 'add':
      if (!isOwnId(body.device, crypto)) return 'wrong-device-id'
      // Also a revoked id never comes back: its key may be in other hands.
      return state.devices.has(deviceIdText(body.device.id)) ? 'device-exists' : null
    case 'revoke':
    case 'rename':
      return isValid(state, deviceIdText(body.target)) ? null : 'device-not-valid'
    case 'pick':
      return null
    case 'epoch':
      return body.epoch === state.epoch + 1 ? null : 'wrong-epoch'
  }
}

function refuseLimits(state: ChainState): LinkRefusal | null {
  return state.length >= maxChainLength || state.devices.size > maxDevices ? 'limit' : null
}

function refuseSignatures(
  state: ChainState | null,
  { body, link }: DecodedLink,
  crypto: VerifierPort,
): LinkRefusal | null {
  for (const signature of link.signatures) {
    const key = signerKey(state, body, signature.by)
    if (key === null) return 'signer-not-valid'
    if (!crypto.verify(key, linkSignatureInput(link.body), signature.signature)) return 'bad-signature'
  }
  return hasNeededSignatures(state, body, link.signatures) ? null : 'missing-signature'
}

/** Ed25519 key of a signer that may sign at `state`, or null. */
function signerKey(state: ChainState | null, body: LinkBody, by: LinkSignature['by']): Uint8Array | null {
  if (by === 'paper') return body.kind === 'genesis' ? body.paper.ed25519 : (state?.paper.ed25519 ?? null)
  const id = deviceIdText(by)
  if ((body.kind === 'genesis' || body.kind === 'add') && deviceIdText(body.device.id) === id)
    return body.device.ed25519
  return state !== null && isValid(state, id) ? (state.devices.get(id)?.keys.ed25519 ?? null) : null
}

/** Link 0: its device and the paper key. A new device: itself, so that nobody claims its keys, and one who may add. */
function hasNeededSignatures(state: ChainState | null, body: LinkBody, signatures: readonly LinkSignature[]): boolean {
  const signers = signatures.map(({ by }) => (by === 'paper' ? 'paper' : deviceIdText(by)))
  const own = body.kind === 'genesis' || body.kind === 'add' ? deviceIdText(body.device.id) : null
  if (body.kind === 'genesis') return signers.includes('paper') && own !== null && signers.includes(own)
  const byOthers = signers.some((signer) => signer !== own && state !== null)
  return byOthers && (own === null || signers.includes(own))
}

function isOwnId(device: DeviceKeys, crypto: VerifierPort): boolean {
  return equalBytes(device.id, deviceIdOf(device.ed25519, crypto))
}

function isValid(state: ChainState, id: DeviceId): boolean {
  return state.devices.get(id)?.revokedAt === null
}

function genesisState(body: Extract<LinkBody, { kind: 'genesis' }>, hash: LinkHash): ChainState {
  const devices = new Map([[deviceIdText(body.device.id), newDevice(body.device, body.at)]])
  return {
    ...{ account: body.account as Aor, identity: hash, head: hash, length: 1, paper: body.paper },
    namesBox: body.names,
    ...{ devices, epoch: 0, epochs: new Map(), epochIsDue: true, signInEpoch: 0 },
  }
}

function newDevice({ name, ...keys }: LinkDevice, at: number): ChainDevice {
  return { keys, sealedName: name, addedAt: at, revokedAt: null, countsUntil: null }
}

function withEpoch(
  { epochs }: ChainState,
  { epoch, at, commitment }: LinkBodyOf<'epoch'>,
): ReadonlyMap<number, ChainEpoch> {
  return new Map([...epochs, [epoch, { at, commitment }]])
}

/** Who has the paper alone knows no password any more: the server got another one then. */
function added(
  state: ChainState,
  { body: { device, at }, byPaper }: { readonly body: LinkBodyOf<'add'>; readonly byPaper: boolean },
): Pick<ChainState, 'devices' | 'signInEpoch'> {
  const devices = withDevice(state, deviceIdText(device.id), newDevice(device, at))
  return { devices, signInEpoch: byPaper ? state.epoch + 1 : state.signInEpoch }
}

function removal({ epoch }: ChainState): Pick<ChainState, 'epochIsDue' | 'signInEpoch'> {
  return { epochIsDue: true, signInEpoch: epoch + 1 }
}

function revoked({ at, last }: LinkBodyOf<'revoke'>): Pick<ChainDevice, 'revokedAt' | 'countsUntil'> {
  return { revokedAt: at, countsUntil: last?.seq ?? null }
}

function withDevice(state: ChainState, id: DeviceId, device: ChainDevice): ReadonlyMap<DeviceId, ChainDevice> {
  return new Map([...state.devices, [id, device]])
}

function changeDevice(
  state: ChainState,
  target: Uint8Array,
  change: Partial<ChainDevice>,
): ReadonlyMap<DeviceId, ChainDevice> {
  const id = deviceIdText(target)
  const device = state.devices.get(id)
  return device === undefined ? state.devices : withDevice(state, id, { ...device, ...change })
}
