/** Carries heads between the devices of a person, account by account, as {@link stepHeads} says. */
import type { Aor } from '#shared/model/ids.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { HeadsPort } from './heads-ports.ts'
import { noHeadsSent, stepHeads, type HeadsEvent, type HeadsSchedule } from './heads-schedule.ts'

export interface HeadsLinePorts {
  readonly clock: ClockPort
  readonly random: RandomPort
  /** Null where the account does not replicate. */
  readonly headsOf: (account: Aor) => HeadsPort | null
  /** To all other devices of the account; what becomes of it nobody learns. */
  readonly send: (account: Aor, bytes: Uint8Array) => Promise<void>
}

interface Line {
  readonly schedule: HeadsSchedule
  readonly timer: Timer | null
}

export class HeadsLine {
  readonly #ports: HeadsLinePorts
  readonly #lines = new Map<Aor, Line>()

  constructor(ports: HeadsLinePorts) {
    this.#ports = ports
  }

  /** The account is registered at its SIP server, or is not any more. */
  setRegistered(account: Aor, isRegistered: boolean): void {
    this.#step(account, isRegistered ? 'registered' : 'lost')
  }

  /** Something came under the type of heads, over the own flow and from the own address. */
  hear(account: Aor, bytes: Uint8Array): void {
    this.#ports.headsOf(account)?.hear(bytes, () => this.#step(account, 'returned'))
  }

  stop(): void {
    for (const { timer } of this.#lines.values()) timer?.cancel()
    this.#lines.clear()
  }

  #step(account: Aor, event: HeadsEvent): void {
    const { clock, random } = this.#ports
    const line = this.#lines.get(account)
    const [now, [draw = 0]] = [clock.monotonic(), random.bytes(1)]
    const schedule = stepHeads(line?.schedule ?? noHeadsSent, event, { now, share: draw / 255 })
    if (schedule === line?.schedule) return
    line?.timer?.cancel()
    const timer =
      schedule.kind === 'waiting' ? clock.after(Math.max(0, schedule.dueAt - now), () => this.#send(account)) : null
    this.#lines.set(account, { schedule, timer })
  }

  #send(account: Aor): void {
    const heads = this.#ports.headsOf(account)
    const bytes = heads?.write() ?? null
    if (bytes !== null) this.#ports.send(account, bytes).catch(() => undefined)
    this.#step(account, heads === null ? 'off' : bytes === null ? 'not-now' : 'sent')
  }
}
