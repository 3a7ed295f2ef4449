import { copyOf } from '#shared/bytes/bytes.ts'
import { startWorker, workerUrl } from '#main/platform/worker-rpc/start-worker.ts'
import type { DerivePassphraseKey, PassphraseCost } from './passphrase.ts'

/** What the key derivation worker answers. */
export interface KdfMethods {
  readonly derive: (passphrase: Uint8Array, salt: Uint8Array, cost: PassphraseCost) => Promise<Uint8Array>
}

/** Argon2id in a worker of its own that ends, and with it its copy of the passphrase and 64 MiB, when done. */
export const deriveInWorker: DerivePassphraseKey = async (passphrase, salt, cost) => {
  const worker = await startWorker<KdfMethods>({ url: workerUrl('kdf-worker', import.meta.url), start: null })
  try {
    // Copies: a small array may share a pooled buffer with other values.
    return await worker.rpc.call('derive', copyOf(passphrase), copyOf(salt), cost)
  } finally {
    await worker.terminate()
  }
}
