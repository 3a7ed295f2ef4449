import { describe, expect, it } from 'vitest'
import { EntryFactory } from '#shared/model/entry-factory.ts'
import type { Entry } from '#shared/model/entry.ts'
import type { AccountId, Aor, DeviceId } from '#shared/model/ids.ts'
import { mergeAccountSettings } from '#shared/model/merge-account-settings.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { silentLog } from '#test/fakes/home-server.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import type { AccountRecord } from './account-record.ts'
import { FollowingAccountSettings } from './following-settings.ts'

const aor = 'sip:alice@home.example' as Aor
const accountId = 'AAAAAAAAAAAAAAAAAAAAAA' as AccountId

/** One account, and a history that both devices of its person have. */
function world(shared: Entry[] = []) {
  const clock = new FakeClock()
  let record = {
    ...{ id: accountId, aor, displayName: 'Alice', sendReceipts: true, sendTyping: true, enabled: true },
    ...{ callPolicy: 'zrtp-preferred', hideAddress: 'strangers' },
  } as AccountRecord
  const updates: object[] = []
  const settings = new FollowingAccountSettings({
    ...{ clock, log: silentLog, entries: new EntryFactory({ clock, random: new SeededRandom('settings') }) },
    accounts: {
      records: () => [record],
      update: ({ accountId: _id, ...changes }) => {
        updates.push(changes)
        record = { ...record, ...(changes as Partial<AccountRecord>) }
        return Promise.resolve()
      },
    },
    reader: { followingSettings: () => Promise.resolve(mergeAccountSettings(shared)) },
    writer: {
      commit: ({ entries = [] }) => {
        shared.push(...entries)
        return Promise.resolve({ revision: 1, fresh: [true], held: false })
      },
    },
    origin: (account) => ({ account, device: 'desk' as DeviceId, authenticatedBy: 'own-device', verified: true }),
  })
  return { settings, shared, updates, record: () => record }
}

describe('settings that follow the user', () => {
  it('are said when the user sets them, only what is new, and none that belong to this computer', async () => {
    const { settings, shared, record } = world()
    await settings.update({ accountId, sendTyping: false, sendReceipts: true, relay: null, enabled: false })
    expect(shared.map(({ body }) => body)).toMatchObject([{ kind: 'account-settings', sendTyping: false }])
    expect(Object.keys(shared[0]!.body).sort()).toEqual(['at', 'kind', 'sendTyping'])
    expect(record()).toMatchObject({ sendTyping: false, enabled: false })
    await settings.update({ accountId, enabled: true })
    expect(shared).toHaveLength(1)
  })

  it('are set at the start, and when another device says them, and are not said again', async () => {
    const there = world()
    await there.settings.update({ accountId, displayName: 'Alice B.', callPolicy: 'zrtp-required' })
    const here = world(there.shared)
    await here.settings.start()
    expect(here.record()).toMatchObject({ displayName: 'Alice B.', callPolicy: 'zrtp-required' })
    await there.settings.update({ accountId, hideAddress: 'everyone' })
    await here.settings.follow([aor])
    await here.settings.follow([aor])
    expect(here.updates).toEqual([
      { displayName: 'Alice B.', callPolicy: 'zrtp-required' },
      { hideAddress: 'everyone' },
    ])
    expect(here.shared).toHaveLength(2)
  })

  it('of another device are made safe to show', async () => {
    const there = world()
    await there.settings.update({ accountId, displayName: `A\u202e${'x'.repeat(150)}` })
    const here = world(there.shared)
    await here.settings.start()
    expect(here.record().displayName).toBe(`A${'x'.repeat(79)}`)
  })
})
