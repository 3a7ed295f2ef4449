/** Which sentence belongs to which state of a call; pure. */
import type { CallEnd, CallReaders, CallRecordView, CallView, CallWarning } from '#shared/model/calls.ts'
import type { TextKey, Translate } from '#renderer/i18n/i18n.ts'

/** The name a call is shown by: unknown while Sotto is locked. */
export function callName(t: Translate, view: CallView): string {
  return view.peerName === '' ? t('incoming.unknown') : view.peerName
}

/** The state of a call in words; null while people simply talk and the clock runs. */
export function phaseWords(t: Translate, view: CallView): string | null {
  if (view.phase !== 'active') {
    return t(view.phase === 'incoming' && view.video ? 'call.phase.incomingVideo' : `call.phase.${view.phase}`)
  }
  const name = callName(t, view)
  if (view.held === 'by-us') return t('call.held.byUs', { name })
  if (view.held === 'by-peer') return t('call.held.byPeer', { name })
  return view.held === 'by-both' ? t('call.held.byBoth') : null
}

/** The state where the name stands beside it already. */
export function phaseWordsShort(t: Translate, view: CallView): string | null {
  if (view.phase !== 'active' || view.held === 'no') return phaseWords(t, view)
  return t(`call.heldShort.${view.held}`)
}

const readerTexts = {
  securing: ['readers.securing', 'readers.short.securing'],
  'only-us': ['readers.onlyUs', 'readers.short.onlyUs'],
  'us-unless-middle': ['readers.unlessLetters', 'readers.short.unless'],
  'servers-could': ['readers.serversCould', 'readers.short.serversCould'],
  'servers-can': ['readers.serversCan', 'readers.short.serversCan'],
  anyone: ['readers.anyone', 'readers.short.anyone'],
} as const satisfies Record<CallReaders, readonly [TextKey, TextKey]>

/** Who can follow the call: exactly one true sentence (design §9). */
export function readersSentence(t: Translate, view: CallView): string {
  const { readers, sas } = view.security
  const words = readers === 'us-unless-middle' && sas?.kind === 'words'
  return t(words ? 'readers.unlessWords' : readerTexts[readers][0], { name: callName(t, view) })
}

/** The same in a few words, where there is no room for the sentence. */
export function readersShort(t: Translate, readers: CallReaders): string {
  return t(readerTexts[readers][1])
}

const warningTexts = {
  'secrets-differ': 'warning.secretsDiffer',
  'new-device': 'warning.newDevice',
  'letters-differ': 'warning.lettersDiffer',
  'fell-to-clear': 'warning.fellToClear',
  'downgrade-blocked': 'warning.downgradeBlocked',
  'peer-discloses': 'warning.peerDiscloses',
} as const satisfies Record<CallWarning, TextKey>

/** What a warning says and what to do. */
export function warningSentence(t: Translate, warning: CallWarning, name: string): string {
  return t(warningTexts[warning], { name })
}

/** How an end is shown: whether it went as somebody wished, and whether calling again makes sense. */
const ends: Readonly<Record<CallEnd, { readonly calm: boolean; readonly redial: boolean }>> = {
  'hung-up': { calm: true, redial: true },
  'peer-hung-up': { calm: true, redial: true },
  declined: { calm: true, redial: true },
  'peer-declined': { calm: false, redial: true },
  'peer-busy': { calm: false, redial: true },
  'no-answer': { calm: false, redial: true },
  cancelled: { calm: true, redial: true },
  missed: { calm: false, redial: true },
  'answered-elsewhere': { calm: true, redial: false },
  unreachable: { calm: false, redial: true },
  'unknown-recipient': { calm: false, redial: false },
  'server-unreachable': { calm: false, redial: true },
  'peer-refuses-encryption': { calm: false, redial: true },
  'peer-needs-encryption': { calm: false, redial: true },
  'no-common-codec': { calm: false, redial: false },
  'no-path': { calm: false, redial: true },
  'media-lost': { calm: false, redial: true },
  'keys-failed': { calm: false, redial: true },
  'keys-used-up': { calm: false, redial: true },
  'downgrade-blocked': { calm: false, redial: false },
  'attack-noticed': { calm: false, redial: false },
  'microphone-denied': { calm: false, redial: true },
  'relay-missing': { calm: false, redial: true },
  transferred: { calm: true, redial: false },
  replaced: { calm: true, redial: false },
  failed: { calm: false, redial: true },
}

/** Why the call ended, and what to do. */
export function endSentence(t: Translate, view: CallView): string {
  return t(`ended.${view.end ?? 'failed'}`, { name: callName(t, view) })
}

/** Whether nobody needs to be told twice: the bar goes by itself. */
export function isCalmEnd(end: CallEnd | null): boolean {
  return end !== null && ends[end].calm
}

/** Whether calling again makes sense. A downgrade that was blocked may have been the caller's choice: a call back has our keys. */
export function mayRedial({ end, direction }: Pick<CallView, 'end' | 'direction'>): boolean {
  if (end === 'downgrade-blocked') return direction === 'incoming'
  return end === null || ends[end].redial
}

const testable: ReadonlySet<CallEnd | null> = new Set(['microphone-denied', 'no-path', 'media-lost', 'failed'])

/** Whether trying out devices and connection may show what was wrong. */
export function mayTest(end: CallEnd | null): boolean {
  return testable.has(end)
}

const recordTexts: Readonly<Record<CallRecordView['outcome'], readonly [incoming: TextKey, outgoing: TextKey]>> = {
  answered: ['record.answeredIn', 'record.answeredOut'],
  missed: ['record.missed', 'record.noAnswer'],
  declined: ['record.declinedIn', 'record.declinedOut'],
  busy: ['record.busyIn', 'record.busyOut'],
  cancelled: ['record.missed', 'record.cancelled'],
  elsewhere: ['record.elsewhere', 'record.elsewhere'],
  failed: ['record.failed', 'record.failed'],
}
const videoTexts: Partial<Readonly<Record<TextKey, TextKey>>> = {
  'record.answeredIn': 'record.answeredInVideo',
  'record.answeredOut': 'record.answeredOutVideo',
  'record.missed': 'record.missedVideo',
}

/** What a call in the history is called; also its preview in the list. */
export function recordWords(t: Translate, record: CallRecordView, direction: 'incoming' | 'outgoing'): string {
  const key = recordTexts[record.outcome][direction === 'incoming' ? 0 : 1]
  return t(record.video ? (videoTexts[key] ?? key) : key)
}

/** Whether a call in the history asks for the user's attention. */
export function isMissed(record: CallRecordView, direction: 'incoming' | 'outgoing'): boolean {
  return direction === 'incoming' && (record.outcome === 'missed' || record.outcome === 'cancelled')
}

/** A length as a clock shows it: `0:07`, `12:30`, `1:02:03`. */
export function clockTime(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  const tail = String(seconds % 60).padStart(2, '0')
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`
}
