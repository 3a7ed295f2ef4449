import { beforeEach, describe, expect, it } from 'vitest'
import { utf8 } from '#shared/bytes/bytes.ts'
import { encodeEnvelopeStart, finishHeader } from '#shared/replication/envelope.ts'
import { nodeVerifier } from '#main/keys/verifier.ts'
import { alice, ChainDevice, ChainServer } from '#test/fakes/chain-devices.ts'

const dayMs = 86_400_000
let now = 0
let server: ChainServer
let ann: ChainDevice
let bob: ChainDevice
const clock = { now: () => now }

beforeEach(async () => {
  now = Date.UTC(2027, 0, 1)
  server = new ChainServer()
  ann = await new ChainDevice(server, 1, clock).create()
  bob = new ChainDevice(server, 2, clock)
})

/** Whether what one seals now can be read by the other. */
function reads(from: ChainDevice, to: ChainDevice): boolean {
  const { epoch } = from.keyring
  const start = encodeEnvelopeStart({
    ...{ device: from.id, seq: 1, epoch, salt: from.random.bytes(32), previous: new Uint8Array(32) },
  })
  const body = from.keyring.seal(start, utf8('for us'))
  const opened = to.keyring.open(finishHeader(start, nodeVerifier.hash(body)), body)
  return opened instanceof Uint8Array
}

describe('epochs', () => {
  it('begin with the first look, and the key goes to the device and to the paper', async () => {
    const { state } = await ann.look()
    expect([state.epoch, ann.epochs.mayWrite({ state })]).toEqual([1, true])
    expect(server.boxes.map(({ recipient }) => (recipient === 'paper' ? 'paper' : 'device'))).toEqual([
      'device',
      'paper',
    ])
  })

  it('reach a device that is added later, with those before', async () => {
    await ann.look()
    now += 8 * dayMs
    await ann.look()
    await bob.joinThrough(ann)
    await ann.look()
    const { state } = await bob.look()
    expect([state.epoch, bob.epochs.mayWrite({ state }), reads(ann, bob), reads(bob, ann)]).toEqual([
      2,
      true,
      true,
      true,
    ])
    expect(server.boxes.filter(({ recipient }) => recipient !== 'paper').map(({ epoch }) => epoch)).toEqual([
      1, 2, 1, 2,
    ])
  })

  it('end after a week', async () => {
    await ann.look()
    now += 7 * dayMs - 1
    expect((await ann.look()).state.epoch).toBe(1)
    now += 1
    expect((await ann.look()).state.epoch).toBe(2)
    expect((await ann.look()).state.epoch).toBe(2)
  })

  it('are forgotten by everybody 67 days after their end, and not before', async () => {
    await ann.look()
    now += 7 * dayMs
    await ann.look()
    now += 67 * dayMs
    await ann.look()
    expect(server.boxes.some(({ epoch }) => epoch === 1)).toBe(true)
    now += 1
    await ann.look()
    expect(server.boxes.some(({ epoch }) => epoch === 1)).toBe(false)
    const kept = [...ann.stored].find(([name]) => name.startsWith('replica.epochs'))![1]
    expect(kept[2]).toBe(server.boxes.filter(({ recipient }) => recipient === 'paper').length)
  })

  it('are new when a device is removed, which then reads nothing that is written', async () => {
    await ann.look()
    await bob.joinThrough(ann)
    await ann.look()
    await bob.look()
    await ann.extend({ kind: 'revoke', target: bob.id, last: { seq: 0, hash: new Uint8Array(32) } })
    expect(ann.epochs.mayWrite((await ann.identity.chains.known(alice))!)).toBe(false)
    const { state } = await ann.look()
    expect([state.epoch, ann.epochs.mayWrite({ state })]).toEqual([2, true])
    await bob.epochs.refresh(await bob.identity.chains.learn(alice, server.links))
    expect(reads(ann, bob)).toBe(false)
    expect(state.devices.get(bob.name)?.countsUntil).toBe(0)
  })

  it('keep their key when its link was stored and nobody said so', async () => {
    server.failing = { call: 'addLink', after: true }
    await expect(ann.look()).rejects.toThrow('cut off')
    await ann.start()
    const { state } = await ann.look()
    expect([state.epoch, ann.epochs.mayWrite({ state }), reads(ann, ann)]).toEqual([1, true, true])
  })

  it('are handed out after a crash between link and boxes', async () => {
    await ann.look()
    await bob.joinThrough(ann)
    server.failing = { call: 'putBoxes', after: false }
    await expect(ann.look()).rejects.toThrow('cut off')
    await ann.start()
    await ann.look()
    await bob.look()
    expect(reads(ann, bob)).toBe(true)
  })

  it('are one when two devices begin them at the same moment', async () => {
    await ann.look()
    await bob.joinThrough(ann)
    await ann.look()
    await bob.look()
    now += 8 * dayMs
    // Ann has not seen Bob's link when she signs hers.
    const seen = await ann.identity.chains.known(alice)
    await bob.look()
    await ann.epochs.refresh(seen!)
    const { state } = await ann.look()
    expect([state.epoch, server.forks, ann.epochs.mayWrite({ state }), reads(bob, ann)]).toEqual([2, [], true, true])
  })

  it('begin anew when the key of one does not come', async () => {
    await ann.look()
    await bob.joinThrough(ann)
    server.boxes = []
    await ann.start()
    // Bob has no box: whoever began the epoch is gone.
    expect(bob.epochs.mayWrite(await bob.look())).toBe(false)
    now += 120_000
    const { state } = await bob.look()
    expect([state.epoch, bob.epochs.mayWrite({ state })]).toEqual([2, true])
  })

  it('have another key than one that a version which does not count gave to its devices', async () => {
    await ann.look()
    await bob.joinThrough(ann)
    await ann.look()
    await bob.look()
    const unseen = await ann.identity.chains.sign(alice, { kind: 'rename', target: ann.id, name: 'Desk' })
    now += 8 * dayMs
    await bob.look()
    const { state: aside } = await ann.look()
    expect(aside.epoch).toBe(2)
    server.links.push(unseen)
    const { branches } = await ann.look()
    const branch = branches.find(({ steps }) => steps.some(({ body }) => body.kind === 'rename'))!
    server.links.push(await ann.identity.chains.signPick(alice, branch.state.head, null))
    const { state, fork } = await ann.look()
    expect([fork, state.epoch, ann.epochs.mayWrite({ state })]).toEqual([null, 2, true])
    expect(state.epochs.get(2)!.commitment).not.toEqual(aside.epochs.get(2)!.commitment)
  })

  it('end also when their beginning lies years ahead, once', async () => {
    now += 3 * 365 * dayMs
    await ann.look()
    now -= 3 * 365 * dayMs
    await ann.start()
    expect((await ann.look()).state.epoch).toBe(2)
    expect((await ann.look()).state.epoch).toBe(2)
  })
})
