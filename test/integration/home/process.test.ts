import { existsSync, readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HomeControl } from '#main/home/control.ts'
import { detachedSpawn, type SpawnServer } from '#main/home/spawn-server.ts'
import { createConnector } from '#main/platform/sockets/connector.ts'
import type { SottoError } from '#shared/errors.ts'
import { homeEndpoint, type HomeEndpoint } from '#shared/home/api.ts'
import { systemClock, systemRandom } from '#server/home/system-ports.ts'
import { silentLog, temporaryDirectory } from '#test/fakes/home-server.ts'
import { SocketPhone } from '#test/fakes/socket-phone.ts'

const main = new URL('../../../src/server/home/main.ts', import.meta.url).pathname
let directory: ReturnType<typeof temporaryDirectory>
let spawned: number
let controls: HomeControl[]

const endpoint = (): HomeEndpoint =>
  homeEndpoint.parse(JSON.parse(readFileSync(`${directory.path}/endpoint.json`, 'utf8')))
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
const profile = (spawn?: SpawnServer): HomeControl => {
  const real = detachedSpawn([process.execPath, main], process.env)
  const control = new HomeControl({
    directory: directory.path,
    spawn: (args) => {
      spawned += 1
      return (spawn ?? real)(args)
    },
    connector: createConnector({ clock: systemClock }),
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    startMs: 25_000,
  })
  controls.push(control)
  return control
}

beforeEach(() => {
  directory = temporaryDirectory()
  spawned = 0
  controls = []
})
afterEach(async () => {
  controls.forEach((control) => control.release())
  if (existsSync(`${directory.path}/endpoint.json`)) {
    const { pid } = endpoint()
    if (isAlive(pid)) process.kill(pid, 'SIGTERM')
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false)
  }
  directory.remove()
})

describe('the home server process', () => {
  test('two profiles that start at once share one; it ends after the last', { timeout: 60_000 }, async () => {
    const [a, b] = [profile(), profile()]
    const addresses = await Promise.all([a.hold(), b.hold()])
    expect(addresses[0]).toEqual(addresses[1])
    const { pid } = endpoint()
    a.release()
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    expect(isAlive(pid)).toBe(true)
    const made = await b.signUp({ user: 'bob', invitation: null })
    expect(made.local).toBe(true)
    const { invitation } = await b.invite({ lan: false })
    const guest = await a.signUp({ user: 'guest', invitation })
    expect(guest).toMatchObject({ aor: 'sip:guest@sotto.home.arpa', local: false })
    await expect(a.signUp({ user: 'other', invitation })).rejects.toMatchObject({ code: 'invitation-invalid' })
    await expect(a.signUp({ user: 'other', invitation: 'hello' })).rejects.toMatchObject({ code: 'invitation-invalid' })
    b.release()
    await expect.poll(() => isAlive(pid), { timeout: 15_000 }).toBe(false)
    expect(existsSync(`${directory.path}/endpoint.json`)).toBe(false)
  })

  test('a killed server is started again on the same ports, with nothing lost', { timeout: 60_000 }, async () => {
    const control = profile()
    const before = await control.hold()
    const alice = await control.signUp({ user: 'alice', invitation: null })
    const bob = await control.signUp({ user: 'bob', invitation: null })
    const instance = 'urn:uuid:00000000-0000-4000-8000-00000000000a'
    const connect = (user: string, ha1Sha256: string) =>
      SocketPhone.connect({
        server: endpoint(),
        transport: 'ws',
        user,
        ha1Sha256,
        ...(user === 'alice' ? { instance } : {}),
      })
    const device = await connect('alice', alice.ha1Sha256)
    await device.register()
    device.close()
    const writer = await connect('bob', bob.ha1Sha256)
    const sent = Array.from({ length: 40 }, (_, i) => `message ${i}`)
    let acknowledged = 0
    const restarted = new Promise((resolve) => control.onRestarted(resolve))
    // Killed in the middle: what got its 202 must be there, in order, once.
    const writing = (async () => {
      for (const text of sent) {
        const { status } = await writer.message(alice.aor, text)
        if (status === 202) acknowledged += 1
        if (acknowledged === 20) process.kill(endpoint().pid, 'SIGKILL')
      }
    })().catch(() => undefined)
    expect(await restarted).toEqual(before)
    writer.close()
    const again = await connect('alice', alice.ha1Sha256)
    await again.register()
    await again.got(() => true, acknowledged)
    await new Promise((resolve) => setTimeout(resolve, 200))
    const texts = again.received.map(({ body }) => Buffer.from(body).toString())
    expect(texts.slice(0, acknowledged)).toEqual(sent.slice(0, acknowledged))
    expect(new Set(texts).size).toBe(texts.length)
    again.close()
    await writing
  })

  test('a server that cannot start is reported, not waited for', async () => {
    const broken = profile(() => ({ exitCode: () => 1 }))
    const failure = await broken.hold().catch((cause: unknown) => cause as SottoError)
    expect(failure).toMatchObject({ code: 'home-server-failed', params: { exitCode: 1 } })
    const missing = profile(detachedSpawn(['/nonexistent/node', main], process.env))
    await expect(missing.hold()).rejects.toMatchObject({ code: 'home-server-failed' })
  })

  test('a stale endpoint file misleads nobody', { timeout: 60_000 }, async () => {
    const control = profile()
    await control.hold()
    const { pid } = endpoint()
    const text = readFileSync(`${directory.path}/endpoint.json`, 'utf8')
    control.release()
    process.kill(pid, 'SIGKILL')
    await expect.poll(() => isAlive(pid)).toBe(false)
    expect(readFileSync(`${directory.path}/endpoint.json`, 'utf8')).toBe(text)
    await profile().hold()
    expect(endpoint().pid).not.toBe(pid)
    expect(spawned).toBeGreaterThanOrEqual(2)
  })
})
