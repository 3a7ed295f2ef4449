import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { account, idOf, keysOf } from '#test/fakes/drawn-chain.ts'
import { ReplicaAccess } from '#test/fakes/replica-access.ts'
import { maxBoxBytes, type BoxRecipient } from './chain-store.ts'

const chain = '0: A\n1: 0 A adds B\n2: 1 A adds C\n3: 2 A revokes C\n4: 3 A epoch 1\n5: 4 A epoch 2'
const boxOf = (epoch: number, recipient: BoxRecipient, value = epoch) => ({
  ...{ epoch, recipient },
  box: new Uint8Array(80).fill(value),
})
let replica: ReplicaAccess

beforeEach(async () => {
  replica = new ReplicaAccess()
  await replica.holds(chain)
})
afterEach(() => replica.end())

describe('epoch boxes', () => {
  it('go from a device of the chain to devices of it and to the paper key', async () => {
    const boxes = [boxOf(1, keysOf('A').id), boxOf(1, keysOf('B').id), boxOf(2, keysOf('B').id), boxOf(2, 'paper')]
    const put = await replica.boxes.put(await replica.accepted('A', 'write'), boxes)
    expect(put).toEqual({ ok: true, value: boxes.map(() => 'stored') })
    const request = await replica.accepted('B', 'read')
    expect(request.signer).toBe(idOf('B'))
    expect(await replica.boxes.list(request, keysOf('B').id)).toEqual(
      [1, 2].map((epoch) => ({ epoch, box: boxOf(epoch, 'paper').box })),
    )
    expect(await replica.boxes.list(request, 'paper')).toHaveLength(1)
  })

  it.each([
    ['unknown-recipient', boxOf(1, keysOf('D').id)],
    ['unknown-recipient', boxOf(1, keysOf('C').id)],
    ['unknown-recipient', boxOf(1, keysOf('A').id.subarray(1))],
    ['unknown-epoch', boxOf(3, 'paper')],
    ['unknown-epoch', boxOf(0, 'paper')],
    ['unknown-epoch', boxOf(1.5, 'paper')],
    ['quota', { ...boxOf(1, 'paper'), box: new Uint8Array(maxBoxBytes + 1) }],
  ])('are refused, all that came together: %s', async (refusal, box) => {
    const put = await replica.boxes.put(await replica.accepted('A', 'write'), [boxOf(1, 'paper'), box])
    expect(put).toEqual({ ok: false, error: refusal })
    expect(await replica.store.boxes(account, 'paper')).toEqual([])
  })

  it('stay when another device puts another', async () => {
    await replica.boxes.put(await replica.accepted('A', 'write'), [boxOf(1, 'paper', 7)])
    const later = await replica.boxes.put(await replica.accepted('B', 'write'), [boxOf(1, 'paper', 8)])
    expect(later).toEqual({ ok: true, value: ['taken'] })
    expect(await replica.boxes.list(await replica.accepted('B', 'read'), 'paper')).toEqual([
      { epoch: 1, box: new Uint8Array(80).fill(7) },
    ])
  })

  it('are put by requests for writing, and listed by requests for reading', async () => {
    await expect(replica.boxes.put(await replica.accepted('A', 'read'), [])).rejects.toThrow('invariant')
    const request = await replica.accepted('A', 'write')
    expect(() => replica.boxes.list(request, 'paper')).toThrow('invariant')
  })
})
