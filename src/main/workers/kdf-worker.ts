/** Worker that turns one passphrase into a key and ends. */
import { argon2 } from '#main/keys/argon2.ts'
import type { KdfMethods } from '#main/keys/derive-in-worker.ts'
import { runWorker } from '#main/platform/worker-rpc/start-worker.ts'
import { reportBug } from './report-bug.ts'

await runWorker<KdfMethods>(() => ({ derive: argon2 }), reportBug('kdf'))
