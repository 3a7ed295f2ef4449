/** What the user compared in calls as entries, so that other own devices know of it: each device speaks for itself alone. */
import { equalBytes, toHex } from '#shared/bytes/bytes.ts'
import type { EntryFactory, EntryOrigin } from '#shared/model/entry-factory.ts'
import type { ComparedElsewhereView } from '#shared/model/calls.ts'
import type { MarkBody } from '#shared/model/entry.ts'
import type { Aor, ConversationId, DeviceId } from '#shared/model/ids.ts'
import type { MergedMark } from '#shared/model/merge-mark.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import { Turns } from '#shared/turns.ts'
import type { HistoryReaderPort, HistoryWriterPort } from '#main/history/port.ts'

export interface ComparisonMarksPorts {
  readonly reader: Pick<HistoryReaderPort, 'marks' | 'zrtpDevices' | 'zrtpContacts'>
  readonly writer: Pick<HistoryWriterPort, 'commit'>
  readonly entries: Pick<EntryFactory, 'make'>
  /** This device as the origin of what the user says; null for an account that is not there. */
  readonly origin: (account: Aor) => EntryOrigin | null
  /** Names of the devices that belong to the account now, by the device chain. */
  readonly ownDevices: (account: Aor) => Promise<ReadonlyMap<DeviceId, string>>
  readonly conversationOf: (account: Aor, peer: Aor) => ConversationId
  readonly clock: Pick<ClockPort, 'now'>
  readonly log: LogPort
}

type Said = Pick<MarkBody, 'key' | 'holds' | 'name'>

export class ComparisonMarks {
  readonly #ports: ComparisonMarksPorts
  readonly #turns = new Turns()

  constructor(ports: ComparisonMarksPorts) {
    this.#ports = ports
  }

  /** Says what changed since this device spoke of this contact; never rejects, since it is made up for at the next start. */
  async tell(account: Aor, peer: Aor): Promise<void> {
    await this.#turns
      .run(() => this.#tell(account, peer))
      .catch((error: unknown) => {
        this.#ports.log.warn('calls.mark-failed', { error: error instanceof Error ? error.name : typeof error })
      })
  }

  /** The same for every contact of an account. */
  async tellAll(account: Aor): Promise<void> {
    for (const peer of await this.#ports.reader.zrtpContacts(account).catch(() => [])) await this.tell(account, peer)
  }

  /** What was compared on other devices that belong to the account now, the last one first. */
  async elsewhere(account: Aor, peer: Aor): Promise<readonly ComparedElsewhereView[]> {
    const { reader, ownDevices, origin } = this.#ports
    const [marks, names] = await Promise.all([reader.marks(account, peer), ownDevices(account)])
    const own = origin(account)?.device
    return marks.toReversed().flatMap(({ key, name, device, at }) => {
      const deviceName = names.get(device)
      return device === own || deviceName === undefined ? [] : [{ zid: toHex(key), name, device, deviceName, at }]
    })
  }

  async #tell(account: Aor, peer: Aor): Promise<void> {
    const { reader, writer, entries, origin, conversationOf, clock } = this.#ports
    const own = origin(account)
    if (own === null) return
    const [devices, marks] = await Promise.all([reader.zrtpDevices(account, peer), reader.marks(account, peer)])
    const said = unsaid(
      devices,
      marks.filter(({ device }) => device === own.device),
    )
    const place = { kind: 'mark', conversation: conversationOf(account, peer), peer, way: 'zrtp' } as const
    if (said.length > 0)
      await writer.commit({ entries: said.map((one) => entries.make(own, { ...place, ...one, at: clock.now() })) })
  }
}

type Device = Awaited<ReturnType<HistoryReaderPort['zrtpDevices']>>[number]

/** What is compared and not said so, and what is said and does not hold any more. */
function unsaid(devices: readonly Device[], marks: readonly MergedMark[]): readonly Said[] {
  const compared = devices.filter(({ verified }) => verified)
  const isSaid = ({ peerZid, name }: Device) =>
    marks.some((mark) => equalBytes(mark.key, peerZid) && mark.name === name)
  const isCompared = ({ key }: MergedMark) => compared.some(({ peerZid }) => equalBytes(peerZid, key))
  return [
    ...compared.filter((device) => !isSaid(device)).map(({ peerZid: key, name }) => ({ key, name, holds: true })),
    ...marks.filter((mark) => !isCompared(mark)).map(({ key }) => ({ key, holds: false })),
  ]
}
