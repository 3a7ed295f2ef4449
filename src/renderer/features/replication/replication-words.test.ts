import { beforeAll, describe, expect, it } from 'vitest'
import type { DeviceId } from '#shared/model/ids.ts'
import type { ReplicaDeviceView, ReplicaFaultView, ReplicationView } from '#shared/model/replication-views.ts'
import { type Translate, locales, startI18n, translatorOf } from '#renderer/i18n/i18n.ts'
import { completenessText, faultWords, needsNewId, progressText } from './replication-words.ts'

const id = (letter: string): DeviceId => letter.repeat(22) as DeviceId
const device = (letter: string, name: string, over: Partial<ReplicaDeviceView> = {}): ReplicaDeviceView => ({
  ...{ id: id(letter), name, own: false, addedAt: 0, revokedAt: null, lastSeenAt: null, ...over },
})
const own = device('D', 'Laptop', { own: true })
const other = device('P', 'Desk')
const view = (over: Partial<ReplicationView>): ReplicationView => ({
  ...{ accountId: 'A'.repeat(22) as never, state: 'current', server: 'h:1', error: null, progress: null, waiting: 0 },
  ...{ completeUpTo: null, confirmedBy: null, lastContactAt: null, unopened: 0, faults: [], devices: [own, other] },
  ...{ isPasswordDue: false, isFullOfFiles: false, erasure: null, branches: [], aside: [] },
  ...over,
})
const fault = (kind: ReplicaFaultView['kind'], letter: string | null, entries: number | null = null) => ({
  ...{ key: kind, kind, foundAt: 0, entries },
  device: letter === null ? null : id(letter),
})
const kinds = Object.keys(locales.en.replication.fault).filter((kind) => kind !== 'forked-own')

beforeAll(() => startI18n('en'))
const t: Translate = (key, params) => translatorOf('en')(key, params)

describe('how complete a history is', () => {
  const at = Date.UTC(2026, 10, 22, 12)
  const words = (over: Partial<ReplicationView>): string => completenessText(t, 'en', view(over))

  it('is said by another device before the server is believed', () => {
    const confirmedBy = { device: other.id, name: other.name, at }
    expect(words({ completeUpTo: at, confirmedBy })).toMatch(/^Complete up to .*2026.*, last confirmed by Desk on /)
    expect(words({ completeUpTo: at })).toMatch(/Only the server says so/)
  })

  it('is no question where there is no other valid device, or nothing leaves this one', () => {
    expect(words({ devices: [own], completeUpTo: at })).toMatch(/only device of the account/)
    expect(words({ devices: [own, { ...other, revokedAt: 5 }] })).toMatch(/only device of the account/)
    expect(words({ state: 'off', completeUpTo: at })).toBe('Only this device has this history.')
  })

  it('is not known before anybody said anything, and while another device has something that is not here', () => {
    expect(words({})).toMatch(/^Not known/)
    expect(words({ devices: [] })).toMatch(/^Not known/)
  })
})

describe('a fault', () => {
  it('of every kind says what happened, what it means and what to do, about the right device', () => {
    expect(kinds).toHaveLength(8)
    for (const kind of kinds as ReplicaFaultView['kind'][]) {
      const words = faultWords(t, 'en', fault(kind, 'P'), view({}))
      for (const part of [words.happened, words.means, words.todo]) expect(part, kind).not.toMatch(/\{\{|replication\./)
      if (['forged', 'withheld', 'body-withheld', 'forked'].includes(kind)) expect(words.happened).toContain('Desk')
    }
  })

  it('about a device that is not in the list says so, and counts entries where that means something', () => {
    const words = faultWords(t, 'en', fault('withheld', 'X', 1200), view({}))
    expect(words.happened).toContain('a device that is not in the list')
    expect(words.entries).toBe('It is about 1,200 entries.')
    expect(faultWords(t, 'en', fault('withheld', 'X'), view({})).entries).toBeNull()
  })

  it('leads to a new id where this device is the copy, and nowhere else', () => {
    expect(needsNewId(fault('ahead', 'D'), view({}))).toBe(true)
    expect(needsNewId(fault('forked', 'D'), view({}))).toBe(true)
    expect(faultWords(t, 'en', fault('forked', 'D'), view({})).happened).toContain('this device')
    expect(needsNewId(fault('forked', 'P'), view({}))).toBe(false)
    expect(needsNewId(fault('forged', 'D'), view({}))).toBe(false)
  })
})

describe('a long run', () => {
  it('is counted once its length is known', () => {
    expect(progressText(t, 'en', { doing: 'pushing', done: 0, total: null })).toBe('Sending')
    expect(progressText(t, 'en', { doing: 'reading', done: 1000, total: 2000 })).toBe('Read 1,000 of 2,000 entries')
  })
})
