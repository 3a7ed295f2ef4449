import { copyOf, wipe } from '#shared/bytes/bytes.ts'
import { secretOf, sharedSecretOf } from '#shared/bytes/secret.ts'
import { passphraseKeyBytes } from './passphrase.ts'
import { startWorker, workerUrl } from '#main/platform/worker-rpc/start-worker.ts'
import type { DerivePassphraseKey, PassphraseCost } from './passphrase.ts'

/** What the key derivation worker answers. */
export interface KdfMethods {
  /** The derived key is written to `into`. */
  readonly derive: (
    passphrase: Uint8Array,
    salt: Uint8Array,
    how: { readonly cost: PassphraseCost; readonly into: Uint8Array },
  ) => Promise<void>
}

/** Argon2id in a worker of its own that ends, and with it its copy of the passphrase and 64 MiB, when done. */
export const deriveInWorker: DerivePassphraseKey = async (passphrase, salt, cost) => {
  const worker = await startWorker<KdfMethods>({ url: workerUrl('kdf-worker', import.meta.url), start: null })
  // Shared, not cloned: what is cloned leaves a copy on its way.
  const shared = sharedSecretOf(passphrase)
  const key = sharedSecretOf(new Uint8Array(passphraseKeyBytes))
  try {
    await worker.rpc.call('derive', shared, copyOf(salt), { cost, into: key })
    return secretOf(key)
  } finally {
    wipe(shared, key)
    await worker.terminate()
  }
}
