import { afterEach, describe, expect, it } from 'vitest'
import { GatewayWorld, negotiate, type GatewaySide } from '#test/fakes/gateway-side.ts'

const worlds: GatewayWorld[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close()
})

async function pair(seed: string): Promise<readonly [GatewayWorld, GatewaySide, GatewaySide]> {
  const world = new GatewayWorld(seed)
  worlds.push(world)
  return [world, await world.side('10.0.0.1'), await world.side('10.0.0.2')]
}

const fingerprint = `a=fingerprint:sha-256 ${Array(32).fill('EE').join(':')}`
const pictureOverDtls = (sdp: string): string => {
  const [sound = '', pictures = ''] = sdp.split('m=video')
  const lines = pictures.split('\r\n').filter((line) => !/^a=(zrtp-hash|crypto)/.test(line))
  return [sound, lines.join('\r\n').replace('RTP/AVP', 'UDP/TLS/RTP/SAVPF')].join('m=video') + `${fingerprint}\r\n`
}

describe('sections with different keys', () => {
  it('cannot lead the sound, which ZRTP protects, into the DTLS of the pictures', async () => {
    const [world, caller, callee] = await pair('mixed')
    const offered = await caller.offer(true)
    const answered = await callee.answer(pictureOverDtls(offered.ok ? offered.value.networkSdp : ''), true)
    expect(answered.ok && answered.value.networkSdp).toContain('m=video 0 ')
    expect(answered.ok && answered.value.rendererSdp).not.toContain('EE:EE')
    await caller.takeAnswer(answered.ok ? (answered.value.networkSdp ?? '') : '')
    await world.until(() => callee.keys !== null)
    expect(callee.keys?.method).toBe('zrtp')
  })

  it('are as weak as the weakest that anything leaves by, from the first packet on', async () => {
    const [world, caller, callee] = await pair('weakest')
    for (const side of [caller, callee]) side.plan = { ...side.plan, policy: 'any', signallingSecure: false }
    const isOfPictures = (port: number): boolean => port === picturePort
    let picturePort = -1
    // ZRTP of the pictures never arrives.
    caller.tap.incoming = (bytes, _from, at) => (isOfPictures(at.port) && (bytes[0] ?? 0) >> 2 === 4 ? null : bytes)
    const remember = (sdp: string): string => {
      picturePort = Number(/m=video (\d+)/.exec(sdp)?.[1] ?? -1)
      return sdp
    }
    expect(await negotiate(caller, callee, { video: true, offer: remember })).toBe('up')
    await world.clock.advance(20_000)
    const told = caller.events.flatMap((event) => (event.kind === 'keys' ? [event.keys.method] : []))
    expect(told.every((method) => method === 'none')).toBe(true)
    expect(told.length).toBeGreaterThan(0)
  })
})

describe('a page that sends nonsense', () => {
  it('ends its own call at worst', async () => {
    const [world, caller, callee] = await pair('page')
    expect(await negotiate(caller, callee)).toBe('up')
    await world.until(() => caller.page.isConnected && callee.page.isConnected && caller.keys !== null)
    const before = caller.tap.sentToNetwork.length
    for (let turn = 0; turn < 2_000; turn += 1) {
      const bytes = Uint8Array.from(world.random.bytes(turn % 80))
      if (bytes.length > 0 && turn % 2 === 0) bytes[0] = [0, 22, 128, 200][turn % 4] ?? 0
      caller.page.raw(bytes)
    }
    await world.clock.advance(200)
    expect([null, 'engine']).toContain(caller.lost)
    const media = caller.tap.sentToNetwork.slice(before).filter(({ bytes }) => (bytes[0] ?? 0) >> 6 === 2)
    expect(media).toEqual([])
    expect(callee.lost).toBeNull()
  })
})
