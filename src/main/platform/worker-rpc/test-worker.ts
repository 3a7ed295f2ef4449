/** A worker for the rpc's own test. */
import { SottoError } from '#shared/errors.ts'
import { runWorker } from './start-worker.ts'

export interface EchoMethods {
  readonly say: (text: string) => string
  readonly variable: (name: string) => string | null
  readonly crash: () => Promise<void>
}
export interface EchoEvents {
  readonly said: string
}

await runWorker<EchoMethods, EchoEvents>(
  (start, emit, starting) => {
    const { greeting, ended } = start as { readonly greeting: string; readonly ended?: Int32Array }
    if (ended !== undefined) setTimeout(() => Atomics.store(ended, 0, 1), 50)
    if (greeting === '') throw new SottoError('history-corrupt')
    if (greeting === 'for ever') setInterval(() => undefined, 1000)
    for (const share of [0, 0.5, 1]) starting(share)
    return {
      say: (text) => {
        emit('said', `${greeting} ${text}`)
        return `${greeting} ${text}`
      },
      variable: (name) => process.env[name] ?? null,
      crash: () => {
        process.exit(3)
      },
    }
  },
  () => undefined,
)
