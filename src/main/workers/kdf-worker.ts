/** Worker that turns one passphrase into a key and ends. */
import { copyOf, wipe } from '#shared/bytes/bytes.ts'
import { argon2 } from '#main/keys/argon2.ts'
import type { KdfMethods } from '#main/keys/derive-in-worker.ts'
import { runWorker } from '#main/platform/worker-rpc/start-worker.ts'
import { reportBug } from './report-bug.ts'

await runWorker<KdfMethods>(
  () => ({
    derive: async (passphrase, salt, { cost, into }) => {
      // The library decodes what it is given, which shared memory does not allow.
      const own = copyOf(passphrase)
      const key = await argon2(own, salt, cost)
      into.set(key)
      wipe(own, key)
    },
  }),
  reportBug('kdf'),
)
