/** What the export dialog collects, and when it is complete. Pure. */
import type { BridgeArgs } from '#shared/bridge/table.ts'
import type { ConversationId } from '#shared/model/ids.ts'
import { passphraseReady } from '../onboarding/PassphraseFields.tsx'

export interface ExportForm {
  readonly scope: 'all' | 'conversation' | 'period'
  /** First and last day, `YYYY-MM-DD`. */
  readonly from: string
  readonly to: string
  readonly protection: 'passphrase' | 'recipients' | 'none'
  readonly passphrase: string
  readonly again: string
  readonly recipients: string
  readonly format: 'html' | 'json'
  /** The user was told that anybody can read it, and wants it. */
  readonly understood: boolean
}

export const emptyForm: ExportForm = {
  ...{ scope: 'all', from: '', to: '', protection: 'passphrase' },
  ...{ passphrase: '', again: '', recipients: '', format: 'html', understood: false },
}

type Scope = BridgeArgs<'archive.exportSealed'>['scope']

/** Midnight of a day where the user is, ms; null for no day. */
export function dayStart(day: string, daysLater = 0): number | null {
  const found = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day)
  if (found === null) return null
  const at = new Date(Number(found[1]), Number(found[2]) - 1, Number(found[3]) + daysLater).getTime()
  return Number.isNaN(at) || at < 0 ? null : at
}

/** What is to be exported; null while it is not said. */
export function scopeOf(form: ExportForm, conversationId: ConversationId | null): Scope | null {
  if (form.scope === 'all') return { kind: 'all' }
  if (form.scope === 'conversation') return conversationId === null ? null : { kind: 'conversation', conversationId }
  const [from, to] = [dayStart(form.from), dayStart(form.to, 1)]
  return from === null || to === null || from >= to ? null : { kind: 'period', from, to }
}

/** Recipients, one per line or separated by blanks. */
export function recipientsOf(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '')
}

/** Whether everything was said that protects the export. */
export function isProtected(form: ExportForm): boolean {
  if (form.protection === 'passphrase') return passphraseReady(form.passphrase, form.again)
  if (form.protection === 'none') return form.understood
  const recipients = recipientsOf(form.recipients)
  return recipients.length > 0 && recipients.every((word) => /^age1[02-9ac-hj-np-z]{58}$/.test(word))
}
