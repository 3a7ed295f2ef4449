/** Which keys of a peer own devices compared, as the set of marks says. */
import { toBase64Url } from '../bytes/base64url.ts'
import type { Entry, MarkBody } from './entry.ts'
import type { DeviceId } from './ids.ts'
import { compareEntries, only, type Of } from './merge-order.ts'

/** A comparison that holds, on the device where it was made. */
export interface MergedMark {
  readonly way: MarkBody['way']
  readonly key: Uint8Array
  /** The own device that compared; the mark is worth what the device chain says of it now. */
  readonly device: DeviceId
  /** The name the user gave the peer's device; empty where none. */
  readonly name: string
  readonly at: number
}

/** Says which marks are about the same: each own device speaks only for itself. */
export function markSubject({ head, body }: Of<'mark'>): string {
  return `${body.way} ${toBase64Url(body.key)} ${head.device}`
}

/** Whether it counts at all: a server, a file or a peer says nothing about what the user compared. */
export function isOwnWord({ head }: Entry): boolean {
  return head.authenticatedBy === 'own-device'
}

/**
 * The comparisons of one peer's keys that hold: of each device and key the newest mark, which may take it back. Sorted by time, then by
 * what they are about.
 */
export function mergeMarks(entries: readonly Entry[]): readonly MergedMark[] {
  const newest = new Map<string, Of<'mark'>>()
  for (const entry of only(entries, 'mark').filter(isOwnWord).toSorted(compareEntries))
    newest.set(markSubject(entry), entry)
  return [...newest]
    .filter(([, { body }]) => body.holds)
    .toSorted(([a, x], [b, y]) => x.body.at - y.body.at || (a < b ? -1 : 1))
    .map(
      ([
        ,
        {
          head,
          body: { way, key, name = '', at },
        },
      ]) => ({ way, key, device: head.device, name, at }),
    )
}
