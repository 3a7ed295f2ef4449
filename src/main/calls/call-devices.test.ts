import { describe, expect, it } from 'vitest'
import type { AccountId, Aor, ConversationId, DeviceId } from '#shared/model/ids.ts'
import { CallDevices } from './call-devices.ts'
import type { CallPeer, TrustedDevice } from './ports.ts'

const alice = 'sip:alice@home.example' as Aor
const bob = 'sip:bob@home.example' as Aor
const conversationId = 'CCCCCCCCCCCCCCCCCCCCCA' as ConversationId
const accountId = 'AAAAAAAAAAAAAAAAAAAAAA' as AccountId
const laptop: TrustedDevice = { peerZid: new Uint8Array(12).fill(0x0a), verified: true, name: 'Laptop', updatedAt: 2 }
const phone: TrustedDevice = { peerZid: new Uint8Array(12).fill(0xb0), verified: false, name: '', updatedAt: 1 }
const elsewhere = { zid: 'cc'.repeat(12), name: 'Tablet', device: 'D' as DeviceId, deviceName: 'Desk', at: 3 }
const laptopZid = '0a'.repeat(12)

function world(own: Aor | null = alice) {
  const peer = { accountId, conversationId, aor: bob } as CallPeer
  const noted: unknown[] = []
  const devices = new CallDevices({
    accountAor: (id) => (id === accountId ? own : null),
    peers: { byConversation: (id) => Promise.resolve(id === conversationId ? peer : null) },
    trust: {
      devices: (account, of) => Promise.resolve(account === alice && of === bob ? [laptop, phone] : []),
      setVerified: (account, of, found) => {
        noted.push({ account, of, ...found })
        return Promise.resolve()
      },
      comparedElsewhere: () => Promise.resolve([elsewhere]),
    },
  })
  return { devices, noted }
}

describe('devices of a contact', () => {
  it('are listed by ZID with what the user noted', async () => {
    expect(await world().devices.list({ conversationId })).toEqual([
      { zid: laptopZid, name: 'Laptop', compared: true, lastCallAt: 2 },
      { zid: 'b0'.repeat(12), name: '', compared: false, lastCallAt: 1 },
    ])
  })

  it('are told apart from those that were compared on another own device', async () => {
    expect(await world().devices.comparedElsewhere({ conversationId })).toEqual([elsewhere])
    await expect(world(null).devices.comparedElsewhere({ conversationId })).rejects.toMatchObject({ code: 'not-found' })
  })

  it('keep their comparison when they are renamed, and the name is cleaned', async () => {
    const { devices, noted } = world()
    await devices.rename({ conversationId, zid: laptopZid, name: ' Old\u202e laptop\n' })
    expect(noted).toEqual([{ account: alice, of: bob, peerZid: laptop.peerZid, verified: true, name: 'Old laptop' }])
  })

  it('keep their name when the comparison is forgotten', async () => {
    const { devices, noted } = world()
    await devices.forgetComparison({ conversationId, zid: laptopZid })
    expect(noted).toEqual([{ account: alice, of: bob, peerZid: laptop.peerZid, verified: false, name: 'Laptop' }])
  })

  it.each([
    ['an unknown conversation', alice, { conversationId: 'DDDDDDDDDDDDDDDDDDDDDA' as ConversationId, zid: laptopZid }],
    ['an account that is gone', null, { conversationId, zid: laptopZid }],
    ['an unknown device', alice, { conversationId, zid: 'ff'.repeat(12) }],
  ])('%s is not found, and nothing is noted', async (_what, own, chosen) => {
    const { devices, noted } = world(own)
    await expect(devices.forgetComparison(chosen)).rejects.toMatchObject({ code: 'not-found' })
    await expect(devices.rename({ ...chosen, name: 'x' })).rejects.toMatchObject({ code: 'not-found' })
    expect(noted).toEqual([])
  })
})
