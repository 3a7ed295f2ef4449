import type { RendezvousLimits } from './limits.ts'
import { Slot, type SlotEnd } from './slot.ts'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import { equalBytes } from '#shared/bytes/bytes.ts'
import type { RendezvousProblem, SlotEnding, SlotOpening, SlotState } from '#shared/linking/rendezvous.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import { err, ok, type Result } from '#shared/result.ts'

export interface RendezvousPorts {
  readonly clock: ClockPort
  /** SHA-256. */
  readonly hash: (bytes: Uint8Array) => Uint8Array
  readonly limits: RendezvousLimits
}

/** Why not, with what the other side needs to go on. */
export interface RendezvousRefusal {
  readonly problem: RendezvousProblem
  readonly ending?: SlotEnding
  readonly next?: number
}

/** Who opens a slot: `signedFor` is the account whose device signed; null for a stranger. */
export interface SlotOpener {
  readonly address: string
  readonly signedFor: string | null
}

/** One end's request about pieces. */
export interface PieceRequest {
  readonly slot: Uint8Array
  readonly token: Uint8Array
  readonly generation: Uint8Array
  readonly number: number
}

interface HeldUntil {
  readonly heldMs: number
  readonly gone: AbortSignal | undefined
}

type Answer<T> = Result<T, RendezvousRefusal>

/**
 * Lets two devices meet that know of each other only an account, and passes sealed pieces between them. All of it is in memory, bounded in
 * number and bytes, and gone after minutes; only a transfer between devices of the chain waits longer.
 */
export class Rendezvous {
  readonly #ports: RendezvousPorts
  readonly #slots = new Map<string, Slot>()

  constructor(ports: RendezvousPorts) {
    this.#ports = ports
  }

  get size(): number {
    return this.#slots.size
  }

  get bytes(): number {
    let bytes = 0
    for (const slot of this.#slots.values()) bytes += slot.bytes
    return bytes
  }

  /** Opens a slot; the same again is no change, and of a transfer begins anew when its generation is another one. */
  open(opening: SlotOpening, opener: SlotOpener): Answer<SlotState> {
    const transfer = opening.kind === 'transfer'
    if (transfer !== (opening.far !== null)) return refused('malformed')
    if (transfer && opener.signedFor !== opening.account) return refused('malformed')
    const known = this.#slots.get(toBase64Url(opening.slot))
    if (known !== undefined) return this.#openAgain(known, opening)
    if (this.#isFull(opening, opener)) return refused('busy')
    const slot = new Slot(opening, opener.address)
    this.#slots.set(toBase64Url(slot.id), slot)
    this.#expire(slot)
    return ok(stateOf(slot, 'near'))
  }

  /** Devices of nobody yet that wait to be linked to this account by a code, oldest first. */
  waiting(account: string): readonly Uint8Array[] {
    const waits = (slot: Slot): boolean =>
      slot.account === account && slot.kind === 'link-code' && !slot.joined && slot.ending === null
    return [...this.#slots.values()].filter(waits).map(({ id }) => id)
  }

  /** The other end of a slot, once: `account` is the one whose device signed. */
  join(slotId: Uint8Array, account: string, far: Uint8Array): Answer<SlotState> {
    const slot = this.#slots.get(toBase64Url(slotId))
    // Who waits for others is nobody's business.
    if (slot?.account !== account) return refused('not-found')
    if (slot.ending !== null) return ended(slot.ending)
    if (!slot.join(far)) return refused('used')
    this.#expire(slot)
    slot.into('near').wake()
    return ok(stateOf(slot, 'far'))
  }

  state(slotId: Uint8Array, token: Uint8Array): Answer<SlotState> {
    const found = this.#find(slotId, token)
    return found.ok ? ok(stateOf(found.value.slot, found.value.end)) : found
  }

  /** Stores a piece until the other end has taken it. */
  put(request: PieceRequest, piece: Uint8Array): Answer<SlotState> {
    const found = this.#findGeneration(request)
    if (!found.ok) return found
    const { slot, end } = found.value
    const lane = slot.outOf(end)
    if (request.number === lane.next && !this.#hasRoom(slot, end, piece.length)) return refused('full')
    const put = lane.put(request.number, piece)
    if (put.kind === 'gap') return err({ problem: 'gap', next: put.next })
    if (put.kind === 'stored') this.#expire(slot)
    return ok(stateOf(slot, end))
  }

  /**
   * The piece of this number, waited for until `heldMs` are over or `gone` says that nobody asks any more; null when there is none. Asking for
   * it takes those before it for good.
   */
  async take(request: PieceRequest, heldMs: number, gone?: AbortSignal): Promise<Answer<Uint8Array | null>> {
    const first = this.#takeNow(request)
    if (!first.ok || first.value !== null || heldMs <= 0) return first
    const found = this.#findGeneration(request)
    if (!found.ok) return found
    await this.#change(found.value.slot, found.value.end, { heldMs, gone })
    return this.#takeNow(request)
  }

  /** Closes a slot for both ends. */
  end(slotId: Uint8Array, token: Uint8Array, ending: SlotEnding): Answer<null> {
    const found = this.#find(slotId, token)
    if (!found.ok) return found.error.problem === 'ended' ? ok(null) : found
    this.#end(found.value.slot, ending)
    return ok(null)
  }

  /** Ends everything: the server stops. */
  close(): void {
    for (const slot of this.#slots.values()) {
      slot.timer?.cancel()
      slot.end('failed')
    }
    this.#slots.clear()
  }

  #openAgain(slot: Slot, opening: SlotOpening): Answer<SlotState> {
    if (!slot.isOpening(opening)) return refused('used')
    if (slot.ending !== null) return ended(slot.ending)
    if (!slot.isGeneration(opening.generation)) {
      if (slot.kind !== 'transfer') return refused('used')
      slot.beginAnew(opening.generation)
      this.#expire(slot)
    }
    return ok(stateOf(slot, 'near'))
  }

  #isFull(opening: SlotOpening, { address, signedFor }: SlotOpener): boolean {
    const { slots, slotsPerAccount, slotsPerAddress } = this.#ports.limits
    if (this.#slots.size >= slots) return true
    // A device of the account came, and all went well: no stranger can make such slots.
    const isDone = (slot: Slot): boolean => slot.joined && slot.ending === 'done'
    const isAlike = (slot: Slot): boolean => (slot.kind === 'transfer') === (signedFor !== null)
    const linking = [...this.#slots.values()].filter((slot) => isAlike(slot) && !isDone(slot))
    if (linking.filter(({ account }) => account === opening.account).length >= slotsPerAccount) return true
    return signedFor === null && linking.filter((slot) => slot.address === address).length >= slotsPerAddress
  }

  #hasRoom(slot: Slot, end: SlotEnd, bytes: number): boolean {
    const { limits } = this.#ports
    if (this.bytes + bytes > limits.bytes) return false
    const held = slot.outOf(end).bytes
    if (!slot.joined) return held + bytes <= limits.strangerBytes
    return held === 0 || held + bytes <= limits.laneBytes
  }

  #takeNow(request: PieceRequest): Answer<Uint8Array | null> {
    const found = this.#findGeneration(request)
    if (!found.ok) return found
    const { slot, end } = found.value
    const lane = slot.into(end)
    const piece = lane.take(request.number)
    return piece === 'gap' ? err({ problem: 'gap', next: lane.next }) : ok(piece)
  }

  #change(slot: Slot, end: SlotEnd, { heldMs, gone }: HeldUntil): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel()
        forget()
        gone?.removeEventListener('abort', done)
        resolve()
      }
      const timer = this.#ports.clock.after(heldMs, done)
      const forget = slot.into(end).wait(done)
      gone?.addEventListener('abort', done)
    })
  }

  #find(slotId: Uint8Array, token: Uint8Array): Answer<{ readonly slot: Slot; readonly end: SlotEnd }> {
    const slot = this.#slots.get(toBase64Url(slotId))
    const end = slot?.endOf(this.#ports.hash(token)) ?? null
    if (slot === undefined || end === null) return refused('not-found')
    return slot.ending === null ? ok({ slot, end }) : ended(slot.ending)
  }

  #findGeneration(request: PieceRequest): Answer<{ readonly slot: Slot; readonly end: SlotEnd }> {
    const found = this.#find(request.slot, request.token)
    if (found.ok && !equalBytes(found.value.slot.generation, request.generation)) return refused('reset')
    return found
  }

  /** Starts the time anew after which a slot is of no use; what a stranger does keeps nothing alive. */
  #expire(slot: Slot): void {
    const { clock, limits } = this.#ports
    if (!slot.joined && slot.timer !== null) return
    slot.timer?.cancel()
    const idleMs = slot.kind === 'transfer' ? limits.transferIdleMs : limits.idleMs
    slot.timer = clock.after(slot.joined ? idleMs : limits.waitingMs, () => this.#end(slot, 'expired'))
  }

  #end(slot: Slot, ending: SlotEnding): void {
    slot.timer?.cancel()
    slot.end(ending)
    slot.timer = this.#ports.clock.after(this.#ports.limits.endedMs, () => this.#slots.delete(toBase64Url(slot.id)))
  }
}

function stateOf(slot: Slot, end: SlotEnd): SlotState {
  return { generation: slot.generation, joined: slot.joined, next: slot.outOf(end).next }
}

function refused(problem: RendezvousProblem): Answer<never> {
  return err({ problem })
}

function ended(ending: SlotEnding): Answer<never> {
  return err({ problem: 'ended', ending })
}
