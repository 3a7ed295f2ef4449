import { afterEach, describe, expect, it } from 'vitest'
import type { MediaPlan } from '#main/media/media-port.ts'
import { call, GatewayWorld, negotiate, type GatewaySide } from '#test/fakes/gateway-side.ts'

const worlds: GatewayWorld[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close()
})

const [here, there] = ['2001:db8::1', '2001:db8:0:1::2'] as const

type Hosts = readonly [string, ...string[]]

async function pair(hosts: readonly [Hosts, Hosts], plan: Partial<MediaPlan>) {
  const world = new GatewayWorld('ipv6')
  worlds.push(world)
  const [caller, callee] = [await world.side(hosts[0]), await world.side(hosts[1])]
  for (const side of [caller, callee]) side.plan = { ...side.plan, ...plan }
  return { world, caller, callee }
}

/** As phones without ICE write it. */
const withoutIce = (sdp: string): string => sdp.replaceAll(/a=(candidate|ice-|rtcp:)[^\r]*\r\n/g, '')

async function expectBothHear(world: GatewayWorld, one: GatewaySide, other: GatewaySide): Promise<void> {
  await world.until(() => one.page.isConnected && other.page.isConnected)
  expect(await one.isHeardBy(other, 'over there')).toBe(true)
  expect(await other.isHeardBy(one, 'over here')).toBe(true)
  expect([one.lost, other.lost]).toEqual([null, null])
}

describe('a call over IPv6', () => {
  it('is secure under ZRTP, its descriptions name addresses as RFC 4566 has them, and nothing leaves otherwise', async () => {
    const { world, caller, callee } = await pair([[here], [there]], {})
    const said: string[] = []
    const note = (sdp: string): string => {
      said.push(sdp)
      return sdp
    }
    expect(await negotiate(caller, callee, { offer: note, answer: note })).toBe('up')
    expect(said.map((sdp) => /^c=.*$/m.exec(sdp)?.[0].trim())).toEqual([`c=IN IP6 ${here}`, `c=IN IP6 ${there}`])
    await world.until(() => caller.keys?.method === 'zrtp' && callee.keys?.method === 'zrtp')
    expect(caller.keys?.sas).toEqual(callee.keys?.sas)
    await expectBothHear(world, caller, callee)
    expect(caller.tap.sentToNetwork.every(({ from, to }) => from.host === here && to.host === there)).toBe(true)
  })

  it('needs no ICE, with RTCP on a port of its own', async () => {
    const plan = { offer: 'sdes', policy: 'any' } as const
    const { world, caller, callee } = await pair([[here], [there]], plan)
    const plain = (sdp: string): string => withoutIce(sdp).replaceAll('a=rtcp-mux\r\n', '')
    expect(await negotiate(caller, callee, { offer: plain, answer: plain })).toBe('up')
    await world.until(() => caller.keys?.method === 'sdes' && callee.keys?.method === 'sdes')
    await expectBothHear(world, caller, callee)
  })

  it('is found by ICE where one side has both kinds of addresses and the other has but this', async () => {
    const { world, caller, callee } = await pair([['192.0.2.1', here], [there]], {})
    expect(await negotiate(caller, callee)).toBe('up')
    await world.until(() => caller.keys?.method === 'zrtp' && callee.keys?.method === 'zrtp')
    await expectBothHear(world, caller, callee)
    expect((await caller.gateway.network(call))?.remoteAddress).toContain(there)
  })
})
