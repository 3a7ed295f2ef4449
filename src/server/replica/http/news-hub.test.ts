import { beforeEach, expect, test } from 'vitest'
import { closeCodes, NewsHub } from './news-hub.ts'
import { Room } from './room.ts'
import type { DeviceId } from '#shared/model/ids.ts'
import type { MessageSocket } from '#shared/ports/sockets.ts'
import { ManualClock } from '#test/fakes/home-server.ts'

class Listener {
  readonly heard: string[] = []
  closedWith: number | null = null
  #onClose: () => void = () => undefined
  readonly socket: MessageSocket = {
    ...{ secure: true, local: { host: '127.0.0.1', port: 1 }, bufferedBytes: 0 },
    send: (message) => void this.heard.push(String(message)),
    close: (code) => {
      this.closedWith = code ?? 1000
      this.#onClose()
    },
    onMessage: () => undefined,
    onClose: (handler) => void (this.#onClose = handler),
  }
}

const [a, b] = ['A', 'B'] as unknown as [DeviceId, DeviceId]
let clock: ManualClock
let hub: NewsHub
const add = (signer: DeviceId, account = 'alice'): Listener => {
  const listener = new Listener()
  const leave = hub.enter(account)
  if (leave !== null) hub.add(account, signer, { socket: listener.socket, leave })
  return listener
}
beforeEach(() => {
  clock = new ManualClock()
  hub = new NewsHub({ clock, quietMs: 250, room: new Room(3, 2) })
})

test('tells all devices of the account but the one that pushed', () => {
  const [mine, theirs, strangers] = [add(a), add(b), add(a, 'bob')]
  hub.tell('alice', 'stored', a)
  expect([mine.heard, theirs.heard, strangers.heard]).toEqual([[], ['stored'], []])
})

test('tells at once, then once for all that comes in the quiet time', () => {
  const listener = add(b)
  for (let i = 0; i < 5; i += 1) hub.tell('alice', 'stored', a)
  hub.tell('alice', 'chain', a)
  expect(listener.heard).toEqual(['stored'])
  clock.advance(250)
  expect(listener.heard).toEqual(['stored', 'stored'])
  clock.advance(250)
  expect(listener.heard).toEqual(['stored', 'stored', 'chain'])
  clock.advance(10_000)
  expect(listener.heard).toHaveLength(3)
})

test('shows out whom it is told to, and has room again', () => {
  const [mine, theirs] = [add(a), add(b)]
  expect(hub.enter('alice')).toBeNull()
  hub.closeWhere('alice', (signer) => signer === b, closeCodes.revoked)
  expect([mine.closedWith, theirs.closedWith]).toEqual([null, closeCodes.revoked])
  expect(hub.size).toBe(1)
  hub.closeWhere('alice', () => true, closeCodes.erased)
  expect([hub.size, hub.accounts]).toEqual([0, []])
})
