/** The epoch keys of an account as they lie in the encrypted history: one secret. */
import { utf8, utf8Text } from '#shared/bytes/bytes.ts'
import { newSecret, secretOf } from '#shared/bytes/secret.ts'
import type { Aor } from '#shared/model/ids.ts'
import { epochKeyBytes } from './epoch-keys.ts'
import type { ReplicaSecretsPort } from './service-ports.ts'

export interface StoredEpochs {
  /** Secret; by number of their epoch. */
  readonly keys: ReadonlyMap<number, Uint8Array>
  /** Head of the chain for which everybody had their boxes; '' = never. */
  readonly boxedFor: string
}

const version = 1
const rowBytes = 4 + epochKeyBytes

/** The keys are the caller's to wipe. */
export async function loadEpochs(secrets: ReplicaSecretsPort, account: Aor): Promise<StoredEpochs> {
  const bytes = await secrets.secret(nameOf(account))
  if (bytes === null) return { keys: new Map(), boxedFor: '' }
  try {
    return decode(bytes)
  } finally {
    bytes.fill(0)
  }
}

export async function saveEpochs(secrets: ReplicaSecretsPort, account: Aor, epochs: StoredEpochs): Promise<void> {
  const bytes = encode(epochs)
  await secrets.setSecret(nameOf(account), bytes).finally(() => bytes.fill(0))
}

export function forgetEpochs(secrets: ReplicaSecretsPort, account: Aor): Promise<void> {
  return secrets.setSecret(nameOf(account), null)
}

/** version (1) ‖ number of keys (2) ‖ for each: epoch (4), key (32) ‖ head of the chain, text. */
function encode({ keys, boxedFor }: StoredEpochs): Uint8Array {
  const text = utf8(boxedFor)
  const bytes = newSecret(3 + keys.size * rowBytes + text.length)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, version)
  view.setUint16(1, keys.size)
  let at = 3
  for (const [epoch, key] of keys) {
    view.setUint32(at, epoch)
    bytes.set(key, at + 4)
    at += rowBytes
  }
  bytes.set(text, at)
  return bytes
}

/** @throws on anything but what {@link encode} wrote, which only a damaged database can hold. */
function decode(bytes: Uint8Array): StoredEpochs {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.getUint8(0) !== version) throw new Error('damaged epochs')
  const count = view.getUint16(1)
  const keys = new Map<number, Uint8Array>()
  for (let at = 3; at < 3 + count * rowBytes; at += rowBytes) {
    keys.set(view.getUint32(at), secretOf(bytes.subarray(at + 4, at + rowBytes)))
  }
  return { keys, boxedFor: utf8Text(bytes.slice(3 + count * rowBytes)) ?? '' }
}

function nameOf(account: Aor): string {
  return `replica.epochs.${account}`
}
