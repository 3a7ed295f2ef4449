import { nameOfDevice } from '#shared/identity/chain-ports.ts'
import { beforeEach, describe, expect, it } from 'vitest'
import { alice, ChainDevice, ChainServer } from '#test/fakes/chain-devices.ts'
import { syncChain } from './chain-sync.ts'

const clock = { now: () => Date.UTC(2027, 0, 1) }
let server: ChainServer
let ann: ChainDevice

beforeEach(async () => {
  server = new ChainServer()
  ann = await new ChainDevice(server, 1, clock).create()
})

const opening = { kind: 'invitation', token: new Uint8Array(16) } as const
const sync = (device: ChainDevice) =>
  syncChain({ account: alice, client: device.client, chains: device.identity.chains, opening })

describe('the chain here and at the server', () => {
  it('opens an account that has none', async () => {
    const { links } = await sync(ann)
    expect(server.links).toEqual(links)
  })

  it('asks for linking where another identity has the account', async () => {
    await sync(ann)
    const eve = await new ChainDevice(server, 9, clock).create()
    await expect(sync(eve)).rejects.toMatchObject({ code: 'replica-needs-linking' })
    // A real server answers a stranger as if there were nothing.
    const blind = { ...eve.client, links: () => Promise.resolve(null) }
    const asked = syncChain({ account: alice, client: blind, chains: eve.identity.chains, opening })
    await expect(asked).rejects.toMatchObject({ code: 'replica-needs-linking' })
  })

  it('keeps nothing that says nothing', async () => {
    await sync(ann)
    const eve = await new ChainDevice(new ChainServer(), 9, clock).create()
    const strange = await eve.identity.chains.sign(alice, { kind: 'rename', target: eve.id, name: 'Eve' })
    const known = await ann.identity.chains.known(alice)
    server.links.push(strange, new Uint8Array(200), known!.links[0]!.subarray(1))
    expect((await sync(ann)).links).toEqual(known!.links)
  })

  it('does not open what it has no secret for', async () => {
    const asked = syncChain({ account: alice, client: ann.client, chains: ann.identity.chains, opening: null })
    await expect(asked).rejects.toMatchObject({ code: 'replica-needs-linking' })
  })

  it('learns what others added, and gives back what the server lost, in order', async () => {
    await ann.look()
    const bob = await new ChainDevice(server, 2, clock).joinThrough(ann)
    await bob.look()
    await bob.extend({ kind: 'rename', target: bob.id, name: 'Phone' })
    expect(nameOfDevice(await sync(ann), bob.name)).toBe('Phone')
    const whole = [...server.links]
    server.links = server.links.slice(0, 1)
    await sync(ann)
    expect(server.links).toEqual(whole)
  })

  it('shows everybody both branches of a fork', async () => {
    await ann.look()
    const bob = await new ChainDevice(server, 2, clock).joinThrough(ann)
    await bob.look()
    // A server that shows each of them another head gets two links in one place.
    const elsewhere = new ChainServer()
    elsewhere.links = [...server.links]
    const link = await ann.identity.chains.sign(alice, { kind: 'rename', target: ann.id, name: 'One' })
    await ann.identity.chains.learn(alice, [link])
    await bob.extend({ kind: 'rename', target: bob.id, name: 'Two' })
    expect((await sync(ann)).fork).not.toBeNull()
    expect(server.forks).toEqual([link])
    expect((await sync(bob)).fork).not.toBeNull()
  })
})
