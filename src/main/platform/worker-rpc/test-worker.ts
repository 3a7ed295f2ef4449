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
  (start, emit) => {
    const { greeting } = start as { readonly greeting: string }
    if (greeting === '') throw new SottoError('history-corrupt')
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
