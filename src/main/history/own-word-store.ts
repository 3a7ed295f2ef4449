/** What own devices say beside messages and contacts: which keys were compared, and how an account is set. */
import type { Entry } from '#shared/model/entry.ts'
import { maxMarks } from '#shared/model/limits.ts'
import { tellingSettings } from '#shared/model/merge-account-settings.ts'
import { isOwnWord, markSubject } from '#shared/model/merge-mark.ts'
import { compareEntries, only, type Of } from '#shared/model/merge-order.ts'
import type { Touched } from './apply-entry.ts'
import type { EntryStore } from './entry-store.ts'

/** What all entries about the settings of an account stand under. */
const settingsSubject = 'account-settings'

export class OwnWordStore {
  readonly #entries: EntryStore

  constructor(entries: EntryStore) {
    this.#entries = entries
  }

  /** Returns whether the mark was new: false for what nobody vouches for, what a newer one outdid, and beyond the bound. */
  applyMark(entry: Of<'mark'>, conversation: number, touched: Touched): boolean {
    if (!isOwnWord(entry)) return false
    const known = only(this.#entries.contacts(conversation), 'mark')
    const same = known.filter((held) => markSubject(held) === markSubject(entry))
    if (same.some((held) => compareEntries(held, entry) >= 0)) return false
    if (same.length === 0 && known.length >= maxMarks) return false
    for (const outdone of same) this.#entries.remove(outdone)
    this.#entries.insert(entry, { conversation, author: null, subject: null })
    touched.contacts.add(conversation)
    touched.conversations.add(conversation)
    return true
  }

  /** Returns whether the entry sets something that no newer one sets. */
  applySettings(entry: Of<'account-settings'>, touched: Touched): boolean {
    const known: readonly Entry[] = this.#entries.accountSettings(entry.head.account)
    const telling = tellingSettings([...known, entry])
    if (!telling.includes(entry)) return false
    for (const outdone of known) if (!telling.includes(outdone)) this.#entries.remove(outdone)
    this.#entries.insert(entry, { conversation: null, author: null, subject: settingsSubject })
    touched.accountSettings.add(entry.head.account)
    return true
  }
}
