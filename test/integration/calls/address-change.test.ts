/** A call whose computer gets another address, on real gateways and real loopback sockets. */
import { afterEach, expect, it, vi } from 'vitest'
import { call, connectedPair, GatewayEnd, GatewayPair } from '#test/fakes/gateway-pair.ts'
import { MovingHost } from '#test/fakes/moving-host.ts'

vi.setConfig({ testTimeout: 120_000 })
const open: GatewayPair[] = []
afterEach(() => open.splice(0).forEach((pair) => pair.close()))

async function talking(caller: MovingHost, callee: MovingHost): Promise<GatewayPair> {
  const pair = await connectedPair(
    async () => new GatewayPair(await GatewayEnd.open(caller), await GatewayEnd.open(callee)),
  )
  open.push(pair)
  await soon(() => expect([pair.caller, pair.callee].map(({ keys }) => keys?.method)).toEqual(['zrtp', 'zrtp']))
  await bothHear(pair, 1)
  return pair
}

const soon = (holds: () => void): Promise<void> => vi.waitFor(holds, { timeout: 15_000, interval: 20 })

async function bothHear({ caller, callee }: GatewayPair, mark: number): Promise<void> {
  await soon(() => {
    caller.say(mark)
    callee.say(mark)
    expect([caller, callee].map(({ heard }) => heard.includes(mark))).toEqual([true, true])
  })
}

const versionOf = (sdp: string): bigint => BigInt(/^o=\S+ \d+ (\d+)/m.exec(sdp)?.[1] ?? '')

it('goes on over the new address, under the same keys', async () => {
  const host = new MovingHost(['127.0.0.11'])
  const pair = await talking(host, new MovingHost(['127.0.0.21']))
  const keys = pair.caller.keys
  host.addresses = ['127.0.0.12']
  await pair.caller.gateway.networkChanged()
  expect(pair.caller.events.at(-1)).toEqual({ kind: 'restart-needed', call })
  await pair.restart()
  await bothHear(pair, 2)
  expect((await pair.callee.gateway.network(call))?.remoteAddress).toMatch(/^127\.0\.0\.12:/)
  expect(pair.caller.keys).toBe(keys)
  const [first = '', , again = '', answer = ''] = pair.descriptions
  expect(again).not.toContain('127.0.0.11')
  expect(versionOf(again) - versionOf(first)).toBe(1n)
  expect(answer).toMatch(/^a=candidate:.* 127\.0\.0\.21 /m)
})

it('goes on when the address comes only after the network was gone for a while', async () => {
  const host = new MovingHost(['127.0.0.11'])
  const pair = await talking(host, new MovingHost(['127.0.0.21']))
  host.addresses = []
  await expect(pair.restart()).rejects.toThrow('no-path')
  host.addresses = ['127.0.0.13']
  await pair.restart()
  await bothHear(pair, 3)
})

it('goes on over the old path when the other side never hears of another', async () => {
  const host = new MovingHost(['127.0.0.11'])
  const pair = await talking(host, new MovingHost(['127.0.0.21']))
  host.addresses = ['127.0.0.11', '127.0.0.12']
  const wishes = { held: false, rendererSdp: null, video: false }
  expect((await pair.caller.gateway.reoffer({ call, ...wishes, restart: true })).ok).toBe(true)
  await pair.caller.gateway.takeBack({ call, held: false, video: false })
  await bothHear(pair, 4)
  await pair.restart()
  await bothHear(pair, 5)
})
