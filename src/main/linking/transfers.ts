/** Whole histories on their way between this device and others: kept until they are done, whatever is started anew meanwhile. */
import { SottoError, type ErrorCode } from '#shared/errors.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import type { HistoryTransferView } from '#shared/model/linking-views.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { LinkConnection } from './linkings.ts'
import type { HistorySinkPort, HistorySourcePort } from './transfer-port.ts'
import { decodeTransfers, encodeTransfers, wipeTransfers, type KeptTransfer } from './transfer-record.ts'
import { HistorySink } from './transfer-sink.ts'
import { HistorySource } from './transfer-source.ts'

export interface TransfersPorts {
  readonly clock: ClockPort
  readonly random: RandomPort
  /** Secrets inside the encrypted history; what comes out is the caller's to wipe. */
  readonly secrets: {
    secret(name: string): Promise<Uint8Array | null>
    setSecret(name: string, value: Uint8Array | null): Promise<void>
  }
  readonly source: HistorySourcePort
  readonly sink: HistorySinkPort
  /** A transfer to this device is over, or another one begins. */
  readonly forgetMark: (account: Aor) => Promise<void>
  /** Signed by this device. @throws SottoError. */
  readonly connect: (account: Aor) => Promise<LinkConnection>
  /** Null for an account that is not here any more. */
  readonly idOf: (account: Aor) => AccountId | null
  readonly changed: (views: readonly HistoryTransferView[]) => void
}

interface Running {
  readonly kept: KeptTransfer
  share: number | null
  error: ErrorCode | null
  end: HistorySink | HistorySource | null
}

const secretName = 'linking.transfers'
/** A connection that cannot be made is tried again after this, ms. */
const retryMs = 30_000

export class Transfers {
  readonly #ports: TransfersPorts
  #running: readonly Running[] = []
  #ended = false

  constructor(ports: TransfersPorts) {
    this.#ports = ports
  }

  /** Goes on with what was not done. */
  async start(): Promise<void> {
    const bytes = await this.#ports.secrets.secret(secretName)
    if (bytes === null) return
    try {
      for (const kept of decodeTransfers(bytes)) this.#run(kept)
    } finally {
      bytes.fill(0)
    }
  }

  /** Stops for now; the next start goes on. */
  stop(): void {
    this.#ended = true
    for (const { end } of this.#running) end?.stop()
    wipeTransfers(this.#running.map(({ kept }) => kept))
    this.#running = []
  }

  views(): readonly HistoryTransferView[] {
    return this.#running.flatMap(({ kept, share, error }): readonly HistoryTransferView[] => {
      const accountId = this.#ports.idOf(kept.account)
      return accountId === null ? [] : [{ accountId, doing: kept.doing, device: kept.device, share, error }]
    })
  }

  /** Begins one, durable when it resolves. The key is copied. */
  async add(kept: KeptTransfer): Promise<void> {
    if (kept.doing === 'taking') await this.#ports.forgetMark(kept.account)
    await this.#save([...this.#running.map((running) => running.kept), kept])
    this.#run(kept)
  }

  /** Ends those of an account for good; what came stays. */
  async abandon(account: Aor): Promise<void> {
    const ending = this.#running.filter(({ kept }) => kept.account === account)
    await Promise.all(ending.map((running) => this.#forget(running)))
    for (const { end } of ending) await end?.abandon().catch(() => undefined)
  }

  #run(kept: KeptTransfer): void {
    const running: Running = { kept, share: null, error: null, end: null }
    this.#running = [...this.#running, running]
    this.#announce()
    void this.#give(running)
  }

  /** Never rejects. */
  async #give(running: Running): Promise<void> {
    try {
      const { client, close } = await this.#ports.connect(running.kept.account)
      const end = this.#endOf(running, client)
      running.end = end
      await end.run().finally(close)
      await this.#forget(running)
    } catch (error) {
      if (this.#ended || !this.#running.includes(running)) return
      const code = error instanceof SottoError ? error.code : 'internal'
      this.#note(running, { error: code })
      // It was ended by the other side, or by time: to try again would not help.
      if (running.end !== null) await this.#forget(running).catch(() => undefined)
      else this.#ports.clock.after(retryMs, () => void this.#give(running))
    }
  }

  #endOf(running: Running, client: LinkConnection['client']): HistorySink | HistorySource {
    const { clock, random, sink, source } = this.#ports
    const { kept } = running
    const ports = {
      ...{ clock, random, client },
      progress: ({ share }: { readonly share: number }) => this.#note(running, { share }),
      waiting: (error: ErrorCode | null) => this.#note(running, { error }),
    }
    return kept.doing === 'taking'
      ? new HistorySink({ ...ports, history: sink, whole: () => this.#forget(running) }, kept)
      : new HistorySource({ ...ports, history: source }, kept)
  }

  #note(running: Running, change: Partial<Pick<Running, 'share' | 'error'>>): void {
    Object.assign(running, change)
    this.#announce()
  }

  async #forget(running: Running): Promise<void> {
    this.#running = this.#running.filter((other) => other !== running)
    this.#announce()
    await this.#save(this.#running.map(({ kept }) => kept))
    if (running.kept.doing === 'taking') await this.#ports.forgetMark(running.kept.account)
  }

  async #save(all: readonly KeptTransfer[]): Promise<void> {
    const bytes = all.length === 0 ? null : encodeTransfers(all)
    await this.#ports.secrets.setSecret(secretName, bytes).finally(() => bytes?.fill(0))
  }

  #announce(): void {
    if (!this.#ended) this.#ports.changed(this.views())
  }
}
