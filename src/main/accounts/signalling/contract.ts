/** What crosses between main and the signalling worker. */
import type { LogFields } from '#shared/ports/log.ts'
import type { SignallingEvent, SignallingPort } from '../signalling-port.ts'

/** Every call of the port; events come by {@link SignallingWorkerEvents}. */
export type SignallingMethods = Readonly<Omit<SignallingPort, 'onEvent'>>

/** One line of the worker's log, written by main. */
export interface WorkerLogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly area: string
  readonly event: string
  readonly fields: LogFields
}

export interface SignallingWorkerEvents {
  readonly signalling: SignallingEvent
  readonly log: WorkerLogLine
}
