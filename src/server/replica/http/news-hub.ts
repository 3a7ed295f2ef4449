import type { Room } from './room.ts'
import type { RequestSigner } from '../access/judge-request.ts'
import type { NewsWord } from '#shared/replication/api.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { MessageSocket } from '#shared/ports/sockets.ts'

/** Close codes of RFC 6455 §7.4.2 for private use. */
export const closeCodes = { going: 1001, revoked: 4001, erased: 4002 } as const

interface Listener {
  readonly signer: RequestSigner
  readonly socket: MessageSocket
  /** Words to tell once the quiet time is over; null while nothing was told lately. */
  later: Set<NewsWord> | null
  timer: Timer | null
}

/** Tells the devices of an account that wait for it when something was stored, each at most once in `quietMs`. */
export class NewsHub {
  readonly #clock: ClockPort
  readonly #quietMs: number
  readonly #room: Room
  readonly #listeners = new Map<string, Set<Listener>>()

  constructor(ports: { readonly clock: ClockPort; readonly quietMs: number; readonly room: Room }) {
    this.#clock = ports.clock
    this.#quietMs = ports.quietMs
    this.#room = ports.room
  }

  get size(): number {
    return this.#room.taken
  }

  /** Takes a place for a listener to come; null when there is none. */
  enter(account: string): (() => void) | null {
    return this.#room.enter(account)
  }

  /** Tells this socket from now on; `leave` gives its place back. */
  add(account: string, signer: RequestSigner, { socket, leave }: { socket: MessageSocket; leave: () => void }): void {
    const listener: Listener = { signer, socket, later: null, timer: null }
    const listeners = this.#listeners.get(account) ?? new Set()
    this.#listeners.set(account, listeners.add(listener))
    socket.onClose(() => {
      leave()
      listener.timer?.cancel()
      listeners.delete(listener)
      if (listeners.size === 0 && this.#listeners.get(account) === listeners) this.#listeners.delete(account)
    })
  }

  /** Tells all but `except`, who caused it. */
  tell(account: string, word: NewsWord, except: RequestSigner | null): void {
    for (const listener of this.#of(account)) if (listener.signer !== except) this.#tell(listener, word)
  }

  /** Closes the listeners of those who may not listen any more. */
  closeWhere(account: string, isOut: (signer: RequestSigner) => boolean, code: number): void {
    for (const { signer, socket } of this.#of(account)) if (isOut(signer)) socket.close(code)
  }

  get accounts(): readonly string[] {
    return [...this.#listeners.keys()]
  }

  #of(account: string): readonly Listener[] {
    return [...(this.#listeners.get(account) ?? [])]
  }

  #tell(listener: Listener, word: NewsWord): void {
    if (listener.later !== null) {
      listener.later.add(word)
      return
    }
    listener.socket.send(word)
    listener.later = new Set()
    listener.timer = this.#clock.after(this.#quietMs, () => {
      const words = listener.later ?? []
      listener.later = null
      for (const each of words) this.#tell(listener, each)
    })
  }
}
