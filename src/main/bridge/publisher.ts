import type { BridgeEventName, BridgeEvents } from '#shared/bridge/events.ts'

/** Where facts go: every open window of the profile. */
export interface WindowsPort {
  send(event: BridgeEventName, payload: unknown): void
}

/** Announces facts to the renderer with the payload type of the event table. */
export class BridgePublisher {
  readonly #windows: WindowsPort

  constructor(windows: WindowsPort) {
    this.#windows = windows
  }

  publish<E extends BridgeEventName>(event: E, payload: BridgeEvents[E]): void {
    this.#windows.send(event, payload)
  }
}
