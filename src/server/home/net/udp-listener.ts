import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { nextFlowId } from './sip-flow.ts'
import type { HomeLimits } from '../limits.ts'
import type { SipFlow } from '../proxy/flow.ts'
import type { ClockPort } from '#shared/ports/clock.ts'

interface UdpFlow {
  readonly flow: SipFlow
  readonly deliver: (datagram: Uint8Array) => void
  heardAt: number
}

/** SIP over UDP: one flow per remote address, the longest silent one making room for a new one. */
export class UdpListener {
  readonly #socket: Socket
  readonly #flows = new Map<string, UdpFlow>()
  readonly #limits: HomeLimits
  readonly #clock: ClockPort
  readonly #onFlow: (flow: SipFlow) => void
  #closed = false

  constructor(
    family: 'udp4' | 'udp6',
    ports: { readonly limits: HomeLimits; readonly clock: ClockPort; readonly onFlow: (flow: SipFlow) => void },
  ) {
    this.#socket = createSocket(family)
    this.#limits = ports.limits
    this.#clock = ports.clock
    this.#onFlow = ports.onFlow
    this.#socket.on('message', (datagram, from) => this.#handle(datagram, from))
  }

  /** Resolves with the port; rejects with the system's error. */
  async bind(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.once('error', reject)
      this.#socket.bind(port, host, () => resolve())
    })
    this.#socket.removeAllListeners('error')
    // ICMP errors of single peers surface here; they concern nobody else.
    this.#socket.on('error', () => undefined)
    return this.#socket.address().port
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const { flow } of [...this.#flows.values()]) flow.close()
    this.#socket.close()
  }

  /** Closes flows that were silent for too long. */
  sweep(): void {
    const now = this.#clock.monotonic()
    for (const { flow, heardAt } of [...this.#flows.values()]) {
      if (now - heardAt > this.#limits.udpIdleMs) flow.close()
    }
  }

  #handle(datagram: Uint8Array, from: RemoteInfo): void {
    // Port 0 cannot be answered.
    if (this.#closed || from.port === 0) return
    const key = `${from.address} ${from.port}`
    const known = this.#flows.get(key) ?? this.#open(key, from)
    known.heardAt = this.#clock.monotonic()
    // Kept in order of last use, so that the first is the longest silent.
    this.#flows.delete(key)
    this.#flows.set(key, known)
    known.deliver(datagram)
  }

  #open(key: string, from: RemoteInfo): UdpFlow {
    if (this.#flows.size >= this.#limits.udpFlows) this.#flows.values().next().value?.flow.close()
    const made = this.#makeFlow(key, from)
    this.#flows.set(key, made)
    this.#onFlow(made.flow)
    return made
  }

  #makeFlow(key: string, from: RemoteInfo): UdpFlow {
    const socket = this.#socket
    const flows = this.#flows
    const messageHandlers: ((datagram: Uint8Array) => void)[] = []
    const closeHandlers: (() => void)[] = []
    const local = socket.address()
    const isClosed = (): boolean => this.#closed
    let open = true
    const flow: SipFlow = {
      id: nextFlowId('udp'),
      transport: 'udp',
      remote: { host: from.address, port: from.port },
      local: { host: local.address, port: local.port },
      bufferedBytes: 0,
      send: (message) => {
        if (open && !isClosed()) socket.send(message, from.port, from.address, () => undefined)
      },
      close: () => {
        if (!open) return
        open = false
        flows.delete(key)
        for (const handler of closeHandlers) handler()
      },
      onMessage: (handler) => messageHandlers.push(handler),
      onClose: (handler) => closeHandlers.push(handler),
    }
    return {
      flow,
      deliver: (datagram) => messageHandlers.forEach((handler) => open && handler(datagram)),
      heardAt: this.#clock.monotonic(),
    }
  }
}
