import { AccountChains } from './access/account-chains.ts'
import { BoxDoor } from './access/box-door.ts'
import type { AccessStore } from './access/chain-store.ts'
import { nodeCrypto } from './access/crypto.ts'
import { EmptyAccountDoor } from './access/empty-account-door.ts'
import { ErasureDoor } from './access/erasure-door.ts'
import { refuseUse } from './access/judge-request.ts'
import { LinkDoor } from './access/link-door.ts'
import type { DigestPort, InvitationPort } from './access/opening-proof.ts'
import { RequestGate, type AddressLimits } from './access/request-gate.ts'
import { AccountOrder } from './account-order.ts'
import { eraseAgain } from './erasures/erase-again.ts'
import type { ErasureList } from './erasures/erasure-list.ts'
import type { ErasureMark } from './erasures/marks.ts'
import { closeCodes, NewsHub } from './http/news-hub.ts'
import { Room } from './http/room.ts'
import type { ReplicaLimits } from './limits.ts'
import { noMetrics, type ReplicaMetricsPort } from './metrics-port.ts'
import type { BlobStore } from './blob-store.ts'
import type { ReplicaStore, ReplicaUsage } from './replica-store.ts'
import { dayOf } from '../home/data-dir/day.ts'
import { RequestLimits } from '../home/http/request-limits.ts'
import { RateLimit, RateTable } from '../home/proxy/rate.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'

export interface ReplicaServicePorts {
  readonly store: ReplicaStore
  readonly blobs: BlobStore
  readonly access: AccessStore
  /** Outlives backups of the stores; null = nobody keeps one. */
  readonly erasureList: ErasureList | null
  readonly digest: DigestPort & { challenge(stale: boolean): string }
  /** Address of a user whom digest proved. */
  readonly accountOf: (user: string) => Aor
  readonly invitations: InvitationPort
  /** Names and addresses that requests may be for. */
  readonly hosts: () => ReadonlySet<string>
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly log: LogPort
  readonly limits: ReplicaLimits
  readonly metrics?: ReplicaMetricsPort
}

/** How often days are looked at, and listeners judged anew. */
const upkeepMs = 3_600_000
const recheckMs = 60_000

/** A replica without its listener: stores, doors, bounds and news, for whoever serves it (`http/replica-routes.ts`). */
export class ReplicaService {
  readonly limits: ReplicaLimits
  readonly gate: RequestGate
  readonly emptyAccounts: EmptyAccountDoor
  readonly erasures: ErasureDoor
  readonly links: LinkDoor
  readonly boxes: BoxDoor
  readonly chains: AccountChains
  readonly addresses: AddressLimits
  readonly news: NewsHub
  readonly order = new AccountOrder()
  /** Places for signed requests by account, and for others by address. */
  readonly room: Room
  readonly strangers: Room
  readonly metrics: ReplicaMetricsPort
  readonly ports: ReplicaServicePorts
  #stopped: Promise<void> | null = null

  constructor(ports: ReplicaServicePorts) {
    const { access: store, clock, limits } = ports
    this.ports = ports
    this.limits = limits
    this.metrics = ports.metrics ?? noMetrics
    this.addresses = new RequestLimits(clock, limits)
    const bucket = () => new RateLimit(clock, limits.accountRequestsPerSecond, limits.accountBurst)
    const accounts = new RateTable(bucket, limits.countedAccounts)
    const common = { ...ports, store, crypto: nodeCrypto, addresses: this.addresses, accounts }
    this.chains = new AccountChains({ store, crypto: nodeCrypto, capacity: limits.cachedChains })
    this.gate = new RequestGate({ ...common, chains: this.chains })
    this.emptyAccounts = new EmptyAccountDoor(common)
    this.erasures = new ErasureDoor(common)
    this.links = new LinkDoor({ ...common, chains: this.chains })
    this.boxes = new BoxDoor(store)
    this.room = new Room(limits.requestsAtWork, limits.requestsAtWorkPerAccount)
    this.strangers = new Room(limits.strangersAtWork, limits.strangersAtWorkPerAddress)
    const listeners = new Room(limits.listeners, limits.listenersPerAccount)
    this.news = new NewsHub({ clock, quietMs: limits.newsQuietMs, room: listeners })
  }

  /** Drops what is too old, now and every hour; erases what was announced long enough, but not before devices could come and say no. */
  async start(): Promise<void> {
    await this.#eraseAgain()
    await this.#dropOldDays()
    await this.erasures.countToday()
    this.#repeat(upkeepMs, () => this.#dropOldDays())
    this.#repeat(upkeepMs, () => this.#eraseDue())
    this.#repeat(recheckMs, () => this.#recheckListeners())
  }

  get isStopping(): boolean {
    return this.#stopped !== null
  }

  /** Bytes of batches and blobs together. */
  async usage(account: Aor): Promise<ReplicaUsage> {
    const [batches, blobs] = [await this.ports.store.usage(account), await this.ports.blobs.usage(account)]
    const oldest = [batches.oldestDay, blobs.oldestDay].filter((day) => day !== null)
    return {
      ...{ batches: batches.batches, bytes: batches.bytes + blobs.bytes },
      oldestDay: oldest.length === 0 ? null : Math.min(...oldest),
    }
  }

  /** Erases batches, blobs, boxes and chain; what is left is counted afterwards. */
  eraseAccount(account: Aor): Promise<ReplicaUsage> {
    return this.order.run(account, () => this.eraseInOrder(account))
  }

  /** {@link eraseAccount} for who runs in the account's order already. */
  async eraseInOrder(account: Aor): Promise<ReplicaUsage> {
    const { erasureList } = this.ports
    // First, and durable: from here on no backup brings it back for good.
    const mark = erasureList?.erased(account)
    try {
      await this.#eraseStored(account, mark)
    } catch (cause) {
      // Who asked is told, and can ask again: a start much later must not do what a device may have said no to by then.
      if (mark !== undefined && (await this.#isThere(account))) this.#takeBack(mark)
      throw cause
    }
    this.news.closeWhere(account, () => true, closeCodes.erased)
    return this.usage(account)
  }

  /** The chain last: as long as it is there, who was cut off can ask again. */
  async #eraseStored(account: Aor, mark: ErasureMark | undefined): Promise<void> {
    const { store, blobs, access } = this.ports
    await blobs.eraseAccount(account)
    await store.eraseAccount(account)
    if (mark !== undefined) await store.marks?.mark(mark)
    await access.eraseAccount(account, mark)
  }

  /** On doubt it is not: then the list keeps what was said. */
  async #isThere(account: Aor): Promise<boolean> {
    return (await this.ports.access.mark(account).catch(() => null)) !== null
  }

  #takeBack(mark: ErasureMark): void {
    try {
      this.ports.erasureList?.takeBack(mark)
    } catch {
      this.ports.log.error('replica-upkeep-failed')
    }
  }

  /** Tells the others of a new link, and shows those out whom it revokes. */
  async chainChanged(account: Aor, by: Parameters<NewsHub['tell']>[2]): Promise<void> {
    await this.#recheck(account)
    this.news.tell(account, 'chain', by)
  }

  /** Refuses what is new, finishes what runs, ends the listeners, closes the stores. Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    for (const account of this.news.accounts) this.news.closeWhere(account, () => true, closeCodes.going)
    await Promise.race([this.room.emptied(), this.#patience()])
    await this.order.idle()
    await this.ports.store.close()
    await this.ports.blobs.close()
    await this.ports.access.close()
    this.ports.erasureList?.close()
  }

  /** Who fetches an answer slowly holds nobody up for longer. */
  #patience(): Promise<void> {
    return new Promise((resolve) => this.ports.clock.after(this.limits.stopMs, resolve))
  }

  async #recheckListeners(): Promise<void> {
    for (const account of this.news.accounts) await this.#recheck(account as Aor)
  }

  async #recheck(account: Aor): Promise<void> {
    const chain = await this.chains.read(account)
    this.news.closeWhere(
      account,
      (signer) => chain === null || refuseUse(chain, signer, 'read') !== null,
      closeCodes.revoked,
    )
  }

  async #dropOldDays(): Promise<void> {
    const { store, blobs, clock } = this.ports
    const kept = dayOf(clock.now()) - this.limits.retentionDays
    await store.dropBefore(kept)
    await blobs.dropBefore(kept)
    await this.#forgetErasures(clock.now() - this.limits.erasureListMs)
  }

  async #eraseDue(): Promise<void> {
    const { access, clock, log } = this.ports
    await this.erasures.countToday()
    for (const due of await this.erasures.due()) {
      // One that cannot be erased now holds up no other.
      await this.#eraseAnnounced(due as Aor).catch((_cause: unknown) => log.error('replica-upkeep-failed'))
    }
    await access.erasures.forgetKept(clock.now() - this.limits.erasureNoticeMs)
  }

  #eraseAnnounced(account: Aor): Promise<void> {
    return this.order.run(account, async () => {
      // A device may have said in the meantime that it stays.
      if ((await this.erasures.due()).includes(account)) await this.eraseInOrder(account)
    })
  }

  /** What a backup brought back, before anybody can ask for it. */
  async #eraseAgain(): Promise<void> {
    const { erasureList, log, access } = this.ports
    if (erasureList === null) return
    const isLost = erasureList.isNew && (await access.marks.marks()).size > 0
    if (isLost) log.error('replica-erasure-list-lost')
    this.metrics.erasedAgain(await eraseAgain(this.ports, erasureList), isLost)
  }

  async #forgetErasures(before: number): Promise<void> {
    const { access, store, erasureList } = this.ports
    erasureList?.dropBefore(before)
    await access.marks.dropMarksBefore(before)
    await store.marks?.dropMarksBefore(before)
  }

  /** A device, or the paper key, says that an account is not to be erased; false where nobody asked. */
  async keep(account: Aor): Promise<boolean> {
    if ((await this.erasures.notice(account)) === null) return false
    await this.#settle(account)
    this.ports.erasureList?.kept(account)
    return this.erasures.keep(account)
  }

  /** Of an account that is there, what the list says beyond what was done is not to be done any more. */
  async #settle(account: Aor): Promise<void> {
    const { access, erasureList } = this.ports
    const name = erasureList?.nameOf(account)
    if (erasureList === null || name === undefined) return
    const done = (await access.marks.marks()).get(name) ?? -1
    for (let at = erasureList.newest('erased').get(name); at !== undefined && at > done;) {
      erasureList.takeBack({ name, at })
      at = erasureList.newest('erased').get(name)
    }
  }

  /** Upkeep that fails is tried again the next time. */
  #repeat(everyMs: number, work: () => Promise<void>): void {
    const { clock, log } = this.ports
    clock.after(everyMs, () => {
      if (this.isStopping) return
      work()
        .catch((_cause: unknown) => log.error('replica-upkeep-failed'))
        .finally(() => this.#repeat(everyMs, work))
    })
  }
}
