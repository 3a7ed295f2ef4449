/** What the user set for an account, as the set of entries of all own devices says. */
import type { AccountSettingsBody, Entry } from './entry.ts'
import { isOwnWord } from './merge-mark.ts'
import { compareEntries, only, type Of } from './merge-order.ts'

export const followingFields = ['name', 'sendReceipts', 'sendTyping', 'callPolicy', 'hideAddress'] as const

/** What was ever set, by field. */
export type FollowingSettings = Partial<Pick<AccountSettingsBody, (typeof followingFields)[number]>>

/** Of each field what was set last. */
export function mergeAccountSettings(entries: readonly Entry[]): FollowingSettings {
  let merged: FollowingSettings = {}
  for (const { body } of heardInOrder(entries)) merged = { ...merged, ...fieldsOf(body) }
  return merged
}

/** Those of these entries that say something which no later one says anew: the others need not be kept. */
export function tellingSettings(entries: readonly Entry[]): readonly Entry[] {
  const said = new Set<string>()
  return heardInOrder(entries)
    .toReversed()
    .filter(({ body }) => {
      const fresh = Object.keys(fieldsOf(body)).filter((field) => !said.has(field))
      for (const field of fresh) said.add(field)
      return fresh.length > 0
    })
}

function heardInOrder(entries: readonly Entry[]): readonly Of<'account-settings'>[] {
  return only(entries, 'account-settings').filter(isOwnWord).toSorted(compareEntries)
}

function fieldsOf(body: AccountSettingsBody): FollowingSettings {
  return Object.fromEntries(followingFields.flatMap((name) => (body[name] === undefined ? [] : [[name, body[name]]])))
}
