import { beforeEach, describe, expect, it } from 'vitest'
import { SottoError } from '#shared/errors.ts'
import type { Aor, AttachmentId } from '#shared/model/ids.ts'
import type { BlobPart, BlobPushed } from '../client-ports.ts'
import { FilePusher } from './file-pusher.ts'

const account = 'sip:alice@example.org' as Aor
const dayMs = 86_400_000
const partBytes = 1_048_576
const idOf = (name: string) => name as AttachmentId

describe('files that are pushed in the background', () => {
  let now: number
  /** Of each file its size, here and at the server. */
  let here: Map<AttachmentId, number>
  let there: Map<AttachmentId, number>
  let room: number
  let asked: readonly AttachmentId[][]
  let changes: number
  let pushes: AttachmentId[]
  let isOnline: boolean
  let onPart: () => void
  let pusher: FilePusher

  const push = (id: AttachmentId, { at, size, bytes }: BlobPart): BlobPushed => {
    if (!isOnline) throw new SottoError('server-unreachable')
    onPart()
    pushes.push(id)
    const stored = [...there.values()].reduce((sum, length) => sum + length, 0)
    if (stored + size - at > room) return { kind: 'full' }
    there.set(id, at + bytes.length)
    return at + bytes.length === size ? { kind: 'whole' } : { kind: 'part', next: at + bytes.length }
  }
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  const wake = async () => {
    pusher.wake()
    for (let turn = 0; turn < 20; turn += 1) await settled()
  }

  beforeEach(() => {
    now = Date.UTC(2027, 0, 1)
    here = new Map()
    there = new Map()
    asked = []
    pushes = []
    ;[room, changes, isOnline] = [Infinity, 0, true]
    onPart = () => undefined
    pusher = new FilePusher({
      ...{ account, clock: { now: () => now, monotonic: () => now }, changed: () => (changes += 1) },
      keeper: {
        filesSince: (_account, since, after) => {
          expect(since).toBe(now - 58 * dayMs)
          return Promise.resolve([...here.keys()].filter((id) => id > after).slice(0, 2))
        },
      },
      files: {
        read: (id, offset, length) => {
          const size = here.get(id)
          if (size === undefined || size < 0) return Promise.resolve(null)
          return Promise.resolve({ size, bytes: new Uint8Array(Math.max(0, Math.min(length, size - offset))) })
        },
      },
      client: {
        whichBlobs: (ids) => {
          asked = [...asked, [...ids]]
          return Promise.resolve(ids.map((id) => ({ whole: there.get(id) === here.get(id), next: there.get(id) ?? 0 })))
        },
        pushBlob: (id, part) => Promise.resolve().then(() => push(id, part)),
      },
    })
    for (const [name, size] of [
      ['a', 100],
      ['b', 2.5 * partBytes],
      ['c', 300],
    ] as const)
      here.set(idOf(name), size)
  })

  it('are those that the server lacks, asked for many at a time, and not again until something is lost or a day is over', async () => {
    there.set(idOf('a'), 100)
    await wake()
    expect(there).toEqual(here)
    expect(asked).toEqual([['a', 'b'], ['c']])
    there.clear()
    await wake()
    expect(there.size).toBe(0)
    pusher.noteLoss()
    await wake()
    expect(there).toEqual(here)
    there.delete(idOf('c'))
    now += dayMs
    await wake()
    expect(there).toEqual(here)
  })

  it('are left out where they are not here', async () => {
    here.set(idOf('b'), -1)
    await wake()
    expect([...there.keys()]).toEqual(['a', 'c'])
    expect(pusher.isFull).toBe(false)
  })

  it('are told to find no room, and go once there is some', async () => {
    room = 400
    await wake()
    // What is smaller goes all the same, what is larger is not tried.
    here.set(idOf('d'), 3 * partBytes)
    expect([pusher.isFull, changes, [...there.keys()]]).toEqual([true, 1, ['a', 'c']])
    pushes = []
    pusher.noteLoss()
    await wake()
    expect([pushes, pusher.isFull, changes]).toEqual([['b'], true, 1])
    room = Infinity
    now += dayMs
    await wake()
    expect([pusher.isFull, changes]).toEqual([false, 2])
    expect(there).toEqual(here)
  })

  it('go on where they were after the server could not be reached', async () => {
    let parts = 0
    onPart = () => {
      parts += 1
      if (parts === 3) isOnline = false
    }
    await wake()
    expect(there.get(idOf('b'))).toBe(2 * partBytes)
    isOnline = true
    await wake()
    expect(there).toEqual(here)
    expect(parts).toBe(5)
  })

  it('end after the part that is under way', async () => {
    onPart = () => void pusher.stop()
    await wake()
    expect([...there.keys()]).toEqual(['a'])
    pusher.noteLoss()
    await wake()
    expect([...there.keys()]).toEqual(['a'])
  })
})
