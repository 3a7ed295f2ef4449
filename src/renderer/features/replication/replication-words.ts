/** How an account's replication stands, in words; pure. */
import type { ReplicaFaultView, ReplicationView } from '#shared/model/replication-views.ts'
import { formatCount, formatDateTime } from '#renderer/i18n/format.ts'
import type { Language, Translate } from '#renderer/i18n/i18n.ts'

/** What an account's replication is doing. */
export function stateText(t: Translate, state: ReplicationView['state']): string {
  return t(`replication.state.${state}`)
}

const doingTexts = {
  preparing: ['replication.doing.preparing', 'replication.doingOf.preparing'],
  pushing: ['replication.doing.pushing', 'replication.doingOf.pushing'],
  reading: ['replication.doing.reading', 'replication.doingOf.reading'],
} as const

/** What of a long run is being done, and how much of it is done. */
export function progressText(
  t: Translate,
  language: Language,
  progress: NonNullable<ReplicationView['progress']>,
): string {
  const [plain, counted] = doingTexts[progress.doing]
  if (progress.total === null) return t(plain)
  const [done, total] = [formatCount(language, progress.done), formatCount(language, progress.total)]
  return t(counted, { done, total })
}

/** How much of an account's history is here, and who says so. */
export function completenessText(t: Translate, language: Language, view: ReplicationView): string {
  const { state, completeUpTo, confirmedBy, devices } = view
  if (state === 'off') return t('replication.complete.here')
  const time = completeUpTo === null ? null : formatDateTime(language, completeUpTo)
  if (time !== null && confirmedBy !== null) {
    const { name, at } = confirmedBy
    return t('replication.complete.byDevice', { time, name, at: formatDateTime(language, at) })
  }
  const isAlone = devices.length > 0 && devices.every(({ own, revokedAt }) => own || revokedAt !== null)
  if (isAlone) return t('replication.complete.alone')
  return time === null ? t('replication.complete.unknown') : t('replication.complete.byServer', { time })
}

/** What a fault is: what happened, what it means, and what to do. */
export interface FaultWords {
  readonly happened: string
  readonly means: string
  readonly todo: string
  /** How many entries it is about; null where that has no meaning. */
  readonly entries: string | null
}

/** Whose history a fault is about. */
function faultName(t: Translate, { device }: ReplicaFaultView, { devices }: Pick<ReplicationView, 'devices'>): string {
  return devices.find(({ id }) => id === device)?.name ?? t('replication.unlistedDevice')
}

/** Whether it is about what this device itself wrote. */
function isOwn({ device }: ReplicaFaultView, { devices }: Pick<ReplicationView, 'devices'>): boolean {
  return devices.some(({ id, own }) => own && id === device)
}

/** Whether this device can go on only under a new id. */
export function needsNewId(fault: ReplicaFaultView, view: Pick<ReplicationView, 'devices'>): boolean {
  return fault.kind === 'ahead' || (fault.kind === 'forked' && isOwn(fault, view))
}

/** A fault in words. */
export function faultWords(
  t: Translate,
  language: Language,
  fault: ReplicaFaultView,
  view: Pick<ReplicationView, 'devices'>,
): FaultWords {
  const kind = fault.kind === 'forked' && isOwn(fault, view) ? 'forked-own' : fault.kind
  const params = { name: faultName(t, fault, view) }
  const count = fault.entries
  return {
    happened: t(`replication.fault.${kind}.happened`, params),
    means: t(`replication.fault.${kind}.means`, params),
    todo: t(`replication.fault.${kind}.todo`, params),
    entries: count === null ? null : t('replication.faultEntries', { count, formatted: formatCount(language, count) }),
  }
}
