import { afterEach, describe, expect, it } from 'vitest'
import { GatewayWorld, negotiate, type GatewaySide } from '#test/fakes/gateway-side.ts'

const worlds: GatewayWorld[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close()
})

async function pair(offer: 'dtls' | 'zrtp'): Promise<readonly [GatewayWorld, GatewaySide, GatewaySide]> {
  const world = new GatewayWorld('bundle')
  worlds.push(world)
  const [caller, callee] = [await world.side('10.0.0.1'), await world.side('10.0.0.2')]
  caller.plan = { ...caller.plan, offer }
  for (const { page } of [caller, callee]) page.endsDtls = offer !== 'dtls'
  return [world, caller, callee]
}

const heard = (into: (sdp: string) => void) => (sdp: string) => {
  into(sdp)
  return sdp
}
const unbundled = (sdp: string): string => sdp.replace(/a=group:[^\r]*\r\n/, '')
const ports = (sdp: string): string[] => [...sdp.matchAll(/m=\w+ (\d+)/g)].map(([, port]) => port ?? '')
const record = Uint8Array.of(22, 254, 253, 0, 0, 0, 0)
const picture = Buffer.concat([Uint8Array.of(0x80, 96, 0, 1), Buffer.from('picture')])

describe('pictures under DTLS-SRTP', () => {
  it('share the transport of the sound, and both ways go through it', async () => {
    const [world, caller, callee] = await pair('dtls')
    const said: string[] = []
    const note = heard((sdp) => said.push(sdp))
    expect(await negotiate(caller, callee, { video: true, offer: note, answer: note })).toBe('up')
    const [offered = '', answered = ''] = said
    expect(offered).toMatch(/a=group:BUNDLE sotto0 sotto1\r\n/)
    expect(new Set(ports(offered)).size).toBe(2)
    expect(answered).toMatch(/a=group:BUNDLE sotto0 sotto1\r\n/)
    expect(new Set(ports(answered)).size).toBe(1)
    // The first section speaks for both.
    expect(answered.match(/a=ice-ufrag/g)).toHaveLength(1)
    await world.until(() => [caller, callee].every(({ keys }) => keys?.method === 'dtls'))
    for (const { page } of [caller, callee]) {
      page.raw(record)
      page.raw(picture)
    }
    await world.clock.advance(3_000)
    for (const { page } of [caller, callee]) page.raw(picture)
    await world.clock.advance(50)
    const [port = ''] = ports(answered)
    const pictures = caller.tap.sentToNetwork.filter(({ bytes }) => Buffer.from(bytes).includes('picture'))
    expect(pictures.length).toBeGreaterThan(0)
    expect(new Set(pictures.map(({ to }) => to.port))).toEqual(new Set([Number(port)]))
    expect([caller.lost, callee.lost]).toEqual([null, null])
  })

  it('are refused where the other side gives them a transport of their own', async () => {
    const [, caller, callee] = await pair('dtls')
    let said = ''
    const note = heard((sdp) => (said = sdp))
    expect(await negotiate(caller, callee, { video: true, offer: unbundled, answer: note })).toBe('up')
    expect(ports(said)[1]).toBe('0')
  })

  it('are none where the answer does not bundle them', async () => {
    const [, caller, callee] = await pair('dtls')
    const offered = await caller.offer(true)
    const answered = await callee.answer(offered.ok ? offered.value.networkSdp : '', true)
    const taken = await caller.takeAnswer(unbundled(answered.ok ? (answered.value.networkSdp ?? '') : ''))
    expect(taken).toMatchObject({ ok: true, value: { video: false } })
  })

  it('stay bundled, with their keys, when either side holds the call', async () => {
    const [world, caller, callee] = await pair('dtls')
    expect(await negotiate(caller, callee, { video: true })).toBe('up')
    await world.until(() => [caller, callee].every(({ keys }) => keys?.method === 'dtls'))
    await world.clock.advance(10_000)
    for (const [one, other] of [
      [caller, callee],
      [callee, caller],
    ] as const) {
      const again = await one.reoffer({ held: true, video: true })
      const sdp = again.ok ? again.value.networkSdp : ''
      expect(sdp).toMatch(/a=group:BUNDLE sotto0 sotto1/)
      expect(sdp.match(/a=fingerprint/g)).toHaveLength(2)
      const answered = await other.answerAgain(sdp)
      const taken = await one.takeAnswer(answered.ok ? (answered.value.networkSdp ?? '') : '')
      expect(taken).toMatchObject({ ok: true, value: { video: true } })
    }
  })
})

describe('a call under ZRTP', () => {
  it('is not bundled: phones expect a port each', async () => {
    const [, caller, callee] = await pair('zrtp')
    const said: string[] = []
    const note = heard((sdp) => said.push(sdp))
    expect(await negotiate(caller, callee, { video: true, offer: note, answer: note })).toBe('up')
    expect(said.some((sdp) => sdp.includes('a=group'))).toBe(false)
    expect(new Set(ports(said[1] ?? '')).size).toBe(2)
  })
})
