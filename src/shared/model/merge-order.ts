/** Order and strength of entries: what every rule of merging rests on. */
import type { Entry, EntryBody, EntryHead } from './entry.ts'
import { compareHlc } from './hlc.ts'

/** An entry of one kind. */
export type Of<K extends EntryBody['kind']> = Entry & { readonly body: Extract<EntryBody, { readonly kind: K }> }

/** The entries of one kind. */
export function only<K extends EntryBody['kind']>(entries: readonly Entry[], kind: K): readonly Of<K>[] {
  return entries.filter((entry): entry is Of<K> => entry.body.kind === kind)
}

/** How strongly an entry's author is vouched for; a weaker entry never changes a stronger one. */
export function strength(head: Pick<EntryHead, 'authenticatedBy' | 'verified'>): number {
  switch (head.authenticatedBy) {
    case 'file':
      return 0
    case 'server':
      return 1
    case 'otr':
    case 'omemo':
      return head.verified ? 3 : 2
    case 'own-device':
      return 4
  }
}

/** Total order of entries: hybrid logical clock, then device, then id. */
export function compareEntries(a: Entry, b: Entry): number {
  return (
    compareHlc(a.head.hlc, b.head.hlc) || compareText(a.head.device, b.head.device) || compareText(a.head.id, b.head.id)
  )
}

/** By code units: the same everywhere. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

export function earliest<T extends Entry>(entries: readonly T[]): T | undefined {
  return entries.reduce<T | undefined>((a, b) => (a === undefined || compareEntries(b, a) < 0 ? b : a), undefined)
}

export function latest<T extends Entry>(entries: readonly T[]): T | undefined {
  return entries.reduce<T | undefined>((a, b) => (a === undefined || compareEntries(b, a) > 0 ? b : a), undefined)
}
