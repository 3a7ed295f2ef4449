import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { account, draw, hashOf, idOf } from '#test/fakes/drawn-chain.ts'
import { ReplicaAccess } from '#test/fakes/replica-access.ts'
import { AccountChains } from './account-chains.ts'
import type { ChainStore } from './chain-store.ts'
import { nodeCrypto } from './crypto.ts'
import { defaultAccessLimits } from './limits.ts'
import { LinkDoor } from './link-door.ts'
import type { AcceptedRequest } from './request-gate.ts'

const twoDevices = '0: A\n1: 0 A adds B'
let replica: ReplicaAccess

beforeEach(() => {
  replica = new ReplicaAccess()
})
afterEach(() => replica.end())

/** Stores all but the last link of a picture, and says what becomes of that. */
async function answer(picture: string, { asFork = false, by = 'B' } = {}): Promise<string> {
  const lines = picture.trim().split('\n')
  const before = lines.slice(0, -1).join('\n')
  await replica.holds(before)
  const bytes = [...draw(picture).values()].at(-1)!
  return said(await replica.accepted(by, 'links'), bytes, asFork)
}

async function said(request: AcceptedRequest, bytes: Uint8Array, asFork = false): Promise<string> {
  const result = await replica.links.add(request, { bytes, asFork })
  return result.ok ? result.value : result.error
}

const countStored = async (): Promise<number> => (await replica.store.links(account))?.links.length ?? 0
const reading = async () => (await replica.chains.read(account))!

describe('links', () => {
  it('are added after the head', async () => {
    expect(await answer(`${twoDevices}\n2: 1 B epoch 1`)).toBe('stored')
    expect((await reading()).state.epoch).toBe(1)
    expect(await countStored()).toBe(3)
  })

  it.each([
    [`${twoDevices}\n2: 1 C adds C`, 'missing-signature', 'a stranger that adds itself'],
    [`${twoDevices}\n2: 1 C renames B`, 'signer-not-valid', 'a stranger'],
    [`${twoDevices}\n2: 1 A epoch 2`, 'wrong-epoch', 'a skipped epoch'],
    [`${twoDevices}\n2: 1 A revokes C`, 'device-not-valid', 'a stranger revoked'],
  ])('that do not hold are refused: %j', async (picture, refusal) => {
    expect(await answer(picture)).toBe(refusal)
    expect(await countStored()).toBe(2)
  })

  it('are stored once', async () => {
    const links = await replica.holds(twoDevices)
    for (const asFork of [false, true])
      expect(await said(await replica.accepted('A', 'links'), links.get('1')!, asFork)).toBe('repeated')
    expect(await countStored()).toBe(2)
  })

  it('of nobody known, or after nothing known, are refused', async () => {
    await replica.holds(twoDevices)
    const elsewhere = draw('0: C\n1: 0 C adds D\n2: 1 D renames C').get('2')!
    expect(await said(await replica.accepted('A', 'links'), elsewhere)).toBe('wrong-previous')
    expect(await said(await replica.accepted('A', 'links'), elsewhere, true)).toBe('wrong-previous')
  })

  it('of another link 0 are refused, also as a fork', async () => {
    await replica.holds(twoDevices)
    const other = draw('0: C').get('0')!
    expect(await said(await replica.accepted('A', 'links'), other)).toBe('head-moved')
    expect(await said(await replica.accepted('A', 'links'), other, true)).toBe('wrong-previous')
  })

  it('that lost a race are told so, and one of two at once is stored', async () => {
    const links = draw(`${twoDevices}\n2: 1 A renames A\n3: 1 B renames B`)
    await replica.holds(twoDevices)
    const requests = await Promise.all(['A', 'B'].map((by) => replica.accepted(by, 'links')))
    const answers = await Promise.all(requests.map((request, i) => said(request, links.get(`${i + 2}`)!)))
    expect(answers.sort()).toEqual(['head-moved', 'stored'])
    expect((await reading()).fork).toBeNull()
  })

  it('are stored only after what they were checked against', async () => {
    const links = await replica.holds(twoDevices)
    const more = draw(`${twoDevices}\n2: 1 A renames A\n3: 1 B renames B`)
    const { store } = replica
    const request = await replica.accepted('B', 'links')
    const faster = { hash: hashOf(more.get('2')), bytes: more.get('2')! }
    const slow: ChainStore = {
      mark: (whose) => store.mark(whose),
      append: (whose, link, after) => store.append(whose, link, after),
      begin: (whose, given) => store.begin(whose, given),
      async links(whose) {
        const read = await store.links(whose)
        await store.append(whose, faster, await store.mark(whose))
        return read
      },
    }
    const chains = new AccountChains({ store: slow, crypto: nodeCrypto, capacity: 1 })
    const door = new LinkDoor({ chains, store: slow, crypto: nodeCrypto, limits: defaultAccessLimits })
    const offered = { bytes: more.get('3')!, asFork: false }
    expect(await door.add(request, offered)).toEqual({ ok: false, error: 'head-moved' })
    expect((await store.links(account))?.links).toEqual([links.get('0'), links.get('1'), faster.bytes])
  })

  it('in use already are stored as a fork, which every device can see', async () => {
    const picture = `${twoDevices}\n2: 1 A adds C\n3: 1 B revokes A`
    expect(await answer(picture, { asFork: true })).toBe('stored')
    const branches = ['2', '3'].map((name) => hashOf(draw(picture).get(name))).sort()
    expect((await reading()).fork?.branches).toEqual(branches)
  })

  it('grow on every branch of a fork, by who is valid there', async () => {
    const forked = `${twoDevices}\n2: 1 A adds C\n3: 1 B revokes A`
    expect(await answer(`${forked}\n4: 2 C epoch 1`)).toBe('stored')
    const more = draw(`${forked}\n4: 2 C epoch 1\n5: 3 B epoch 1\n6: 3 A renames B\n7: 5 A renames B`)
    expect(await said(await replica.accepted('B', 'links'), more.get('5')!)).toBe('stored')
    expect(await said(await replica.accepted('A', 'links'), more.get('6')!, true)).toBe('signer-not-valid')
    expect(await said(await replica.accepted('A', 'links'), more.get('7')!)).toBe('signer-not-valid')
    const { fork, state } = await reading()
    expect(fork?.branches).toHaveLength(2)
    expect(state.epoch).toBe(0)
  })

  it('fork a bounded number of times', async () => {
    await replica.end()
    replica = new ReplicaAccess({ forkedLinks: 2 })
    await replica.holds(`${twoDevices}\n2: 1 A renames A`)
    const more = draw(`${twoDevices}\n3: 1 A adds C\n4: 1 A adds D\n5: 1 A epoch 1\n6: 4 paper renames B`)
    const stored = async (name: string, by: string) => said(await replica.accepted(by, 'links'), more.get(name)!, true)
    expect([await stored('3', 'A'), await stored('4', 'A'), await stored('5', 'A')]).toEqual([
      'stored',
      'stored',
      'too-many-forks',
    ])
    // Room is left for settling them.
    expect(await stored('6', 'paper')).toBe('stored')
    expect((await reading()).fork).toBeNull()
  })

  it('fill a bounded room, the last of it for the paper key', async () => {
    await replica.end()
    replica = new ReplicaAccess({ links: 4, linksForPaper: 1 })
    expect(await answer(`${twoDevices}\n2: 1 A epoch 1`)).toBe('stored')
    const more = draw(`${twoDevices}\n2: 1 A epoch 1\n3: 2 A epoch 2\n4: 2 paper revokes A\n5: 4 paper renames B`)
    expect(await said(await replica.accepted('A', 'links'), more.get('3')!)).toBe('chain-full')
    expect(await said(await replica.accepted('paper', 'links'), more.get('4')!)).toBe('stored')
    expect(await said(await replica.accepted('paper', 'links'), more.get('5')!)).toBe('chain-full')
    expect((await reading()).state.devices.get(idOf('A'))?.revokedAt).not.toBeNull()
  })

  it('come with requests for links only', async () => {
    await replica.holds(twoDevices)
    const bytes = draw(`${twoDevices}\n2: 1 A epoch 1`).get('2')!
    await expect(replica.links.add(await replica.accepted('A', 'write'), { bytes, asFork: false })).rejects.toThrow(
      'invariant',
    )
    expect(await countStored()).toBe(2)
  })

  it('are refused whatever the bytes', async () => {
    await replica.holds(twoDevices)
    const request = await replica.accepted('A', 'links')
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        expect(await said(request, bytes, true)).toBe('malformed')
      }),
      { numRuns: 50 },
    )
    expect(await said(request, new Uint8Array(100_000), true)).toBe('malformed')
    const link = draw(`${twoDevices}\n2: 1 A adds C`).get('2')!
    await fc.assert(
      fc.asyncProperty(fc.nat(link.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const changed = Uint8Array.from(link, (byte, i) => (i === at ? byte ^ flip : byte))
        expect(await said(request, changed, true)).not.toMatch(/stored|repeated/)
      }),
      { numRuns: 50 },
    )
    expect(await countStored()).toBe(2)
  })
})
