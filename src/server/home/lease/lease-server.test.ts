import { connect, type Socket } from 'node:net'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { controlPathOf } from './control-path.ts'
import { LeaseServer } from './lease-server.ts'
import { ManualClock, temporaryDirectory } from '#test/fakes/home-server.ts'

const secret = 's'.repeat(43)
let directory: ReturnType<typeof temporaryDirectory>
let clock: ManualClock
let idle: number
let server: LeaseServer
const sockets: Socket[] = []

beforeEach(async () => {
  directory = temporaryDirectory()
  clock = new ManualClock()
  idle = 0
  server = new LeaseServer({
    path: controlPathOf(directory.path),
    secret,
    clock,
    graceMs: 5_000,
    maxConnections: 3,
    onIdle: () => (idle += 1),
  })
  await server.start(30_000)
})
afterEach(() => {
  sockets.splice(0).forEach((socket) => socket.destroy())
  server.stop()
  directory.remove()
})

/** Connects and says `line`; resolves with the answer, or null when the server hung up. */
function ask(line: string): Promise<{ readonly answer: string; readonly socket: Socket } | null> {
  return new Promise((resolve) => {
    const socket = connect(controlPathOf(directory.path), () => socket.write(line))
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.once('data', (answer) => resolve({ answer: answer.toString(), socket }))
    socket.once('close', () => resolve(null))
  })
}
const hello = (shown = secret): string => `${JSON.stringify({ secret: shown, want: 'lease' })}\n`
const closed = (): Promise<void> => expect.poll(() => server.leases).toBe(0)

test('ends when nobody comes in the first grace period', () => {
  clock.advance(29_999)
  expect(idle).toBe(0)
  clock.advance(1)
  expect(idle).toBe(1)
})

test('lives while a lease is held and ends a grace period after the last', async () => {
  const first = await ask(hello())
  const second = await ask(hello())
  expect(first?.answer).toBe('{"lease":"granted"}\n')
  clock.advance(3_600_000)
  first?.socket.destroy()
  await expect.poll(() => server.leases).toBe(1)
  clock.advance(3_600_000)
  expect(idle).toBe(0)
  second?.socket.destroy()
  await closed()
  clock.advance(4_999)
  const third = await ask(hello())
  clock.advance(60_000)
  expect(idle, 'somebody came back in time').toBe(0)
  third?.socket.destroy()
  await closed()
  clock.advance(5_000)
  expect(idle).toBe(1)
})

test('grants nothing without the secret, for garbage, or beyond its number', async () => {
  expect(await ask(hello('x'.repeat(43)))).toBeNull()
  expect(await ask('{"want":"lease"}\n')).toBeNull()
  expect(await ask('x'.repeat(5_000))).toBeNull()
  const held = [await ask(hello()), await ask(hello()), await ask(hello())]
  expect(held).not.toContain(null)
  expect(await ask(hello())).toBeNull()
})

test('takes the place of a socket that a killed server left', async () => {
  server.stop()
  writeFileSync(controlPathOf(directory.path), '')
  server = new LeaseServer({
    path: controlPathOf(directory.path),
    secret,
    clock,
    graceMs: 1,
    maxConnections: 1,
    onIdle: () => undefined,
  })
  await server.start(1_000)
  expect(await ask(hello())).not.toBeNull()
})

test('a path too long for a socket leads to a directory of the own user', () => {
  const path = controlPathOf(join(directory.path, 'x'.repeat(120)))
  expect(path.length).toBeLessThanOrEqual(100)
  expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
})
