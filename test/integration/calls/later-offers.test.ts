import { afterEach, describe, expect, it } from 'vitest'
import type { MediaPlan } from '#main/media/media-port.ts'
import { GatewayWorld, negotiate, type GatewaySide } from '#test/fakes/gateway-side.ts'

const worlds: GatewayWorld[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close()
})

interface Talk {
  readonly world: GatewayWorld
  readonly caller: GatewaySide
  readonly callee: GatewaySide
}

/** Two gateways in a call whose keys are agreed. */
async function talking(plan: Partial<MediaPlan> = {}, onTheWay = (sdp: string): string => sdp): Promise<Talk> {
  const world = new GatewayWorld('later offers')
  worlds.push(world)
  const [caller, callee] = [await world.side('10.0.0.1'), await world.side('10.0.0.2')]
  for (const side of [caller, callee]) side.plan = { ...side.plan, ...plan }
  const isDtls = plan.offer === 'dtls'
  for (const { page } of [caller, callee]) page.endsDtls = !isDtls
  expect(await negotiate(caller, callee, { offer: onTheWay, answer: onTheWay })).toBe('up')
  await world.until(() => [caller, callee].every(({ keys, page }) => keys !== null && (isDtls || page.isConnected)))
  await world.clock.advance(2_000)
  return { world, caller, callee }
}

const without = (sdp: string, ...lines: readonly RegExp[]): string =>
  sdp
    .split('\r\n')
    .filter((line) => !lines.some((pattern) => pattern.test(line)))
    .join('\r\n')
const withoutZrtp = (sdp: string): string => without(sdp, /^a=zrtp-hash/, /^a=crypto/)
const fingerprint = `a=fingerprint:sha-256 ${Array(32).fill('EE').join(':')}`
const overDtls = (sdp: string): string =>
  withoutZrtp(sdp)
    .replace('RTP/AVP ', 'UDP/TLS/RTP/SAVPF ')
    .replace('a=sendrecv', `${fingerprint}\r\na=setup:actpass\r\na=sendrecv`)
const crypto = `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${'A'.repeat(40)}`
const sdesOnly = (sdp: string): string =>
  withoutZrtp(sdp).replace('RTP/AVP ', 'RTP/SAVP ').replace('a=sendrecv', `${crypto}\r\na=sendrecv`)
const noZrtp = (sdp: string): string => without(sdp, /^a=zrtp-hash/)

describe('after ZRTP agreed on keys, a later offer', () => {
  it.each([
    ['without ZRTP and SDES', withoutZrtp],
    ['with SDES alone', sdesOnly],
  ])('%s changes no key', async (_what, change) => {
    const { caller, callee } = await talking()
    const again = await callee.reoffer()
    const answered = await caller.answerAgain(change(again.ok ? again.value.networkSdp : ''))
    expect(answered.ok).toBe(true)
    expect(await caller.isHeardBy(callee, 'still under ZRTP')).toBe(true)
    expect([caller.keys?.method, caller.lost]).toEqual(['zrtp', null])
    expect(caller.sentInClear('still under ZRTP')).toBe(false)
  })

  it('with DTLS-SRTP is refused, now and when the engine offers anew', async () => {
    const { world, caller, callee } = await talking()
    const again = await callee.reoffer()
    const answered = await caller.answerAgain(overDtls(again.ok ? again.value.networkSdp : ''))
    expect(answered).toEqual({ ok: false, error: 'downgrade' })
    expect(await caller.isHeardBy(callee, 'one')).toBe(true)
    expect(await callee.isHeardBy(caller, 'two')).toBe(true)
    const offered = await caller.reoffer({ rendererSdp: caller.page.offer(true), video: true })
    const reply = await callee.answerAgain(offered.ok ? offered.value.networkSdp : '')
    const taken = await caller.takeAnswer(reply.ok ? (reply.value.networkSdp ?? '') : '')
    expect(taken.ok && taken.value.rendererSdp).toContain('m=video')
    expect(taken.ok && taken.value.rendererSdp).not.toContain('EE:EE')
    await world.clock.advance(1_000)
    expect(await caller.isHeardBy(callee, 'three')).toBe(true)
    expect(caller.keys?.method).toBe('zrtp')
  })
})

describe('after SDES was agreed on', () => {
  const plan = { offer: 'sdes' } as const

  it.each([
    ['in clear', withoutZrtp],
    ['with DTLS-SRTP', overDtls],
  ])('a later offer %s is refused', async (_what, change) => {
    const { caller, callee } = await talking(plan, noZrtp)
    expect(caller.keys?.method).toBe('sdes')
    const again = await callee.reoffer()
    const sdp = change((again.ok ? again.value.networkSdp : '').replace('RTP/SAVP ', 'RTP/AVP '))
    expect(await caller.answerAgain(sdp)).toEqual({ ok: false, error: 'downgrade' })
    expect(await caller.isHeardBy(callee, 'still under SDES')).toBe(true)
    expect([caller.keys?.method, caller.sentInClear('still under SDES')]).toEqual(['sdes', false])
  })

  it('a new key of theirs leaves the count of our packets alone: no keystream is used twice', async () => {
    const { caller, callee } = await talking(plan, noZrtp)
    caller.page.sequenceNumber = 0xfffd
    for (const text of ['a', 'b', 'c', 'd']) expect(await caller.isHeardBy(callee, text)).toBe(true)
    const again = await callee.reoffer()
    const rekeyed = (again.ok ? again.value.networkSdp : '').replace(/inline:[^|\r]{8}/, 'inline:AAAAAAAA')
    expect((await caller.answerAgain(rekeyed)).ok).toBe(true)
    // The receiver still counts from where we were: it would refuse what begins anew.
    expect(await caller.isHeardBy(callee, 'e')).toBe(true)
    // Theirs is another now, and what bears the old one is not heard.
    expect(await callee.isHeardBy(caller, 'f')).toBe(false)
  })

  it('an answer repeats the tag it is asked under', async () => {
    const { caller, callee } = await talking(plan, noZrtp)
    const again = await callee.reoffer()
    const asked = (again.ok ? again.value.networkSdp : '').replace('a=crypto:1 ', 'a=crypto:7 ')
    const answered = await caller.answerAgain(asked)
    expect(answered.ok && answered.value.networkSdp).toContain('a=crypto:7 AES_CM_128_HMAC_SHA1_80')
    expect(await caller.isHeardBy(callee, 'same key')).toBe(true)
  })
})

describe('under DTLS-SRTP', () => {
  const record = Uint8Array.of(22, 254, 253, 0, 0, 0, 0)
  const packet = (text: string): Uint8Array => Buffer.concat([Uint8Array.of(0x80, 111, 0, 1), Buffer.from(text)])
  const report = (text: string): Uint8Array => Buffer.concat([Uint8Array.of(0x80, 200, 0, 1), Buffer.from(text)])

  async function talkingDtls(): Promise<Talk> {
    const talk = await talking({ offer: 'dtls' })
    expect(talk.caller.keys?.method).toBe('dtls')
    talk.caller.page.raw(record)
    talk.caller.page.raw(packet('media'))
    await talk.world.clock.advance(50)
    expect(talk.caller.sentInClear('media')).toBe(true)
    return talk
  }

  it('a later offer in clear is refused', async () => {
    const { caller, callee } = await talkingDtls()
    const again = await callee.reoffer()
    const sdp = without(again.ok ? again.value.networkSdp : '', /^a=fingerprint/, /^a=setup/)
    const answered = await caller.answerAgain(sdp.replace('UDP/TLS/RTP/SAVPF', 'RTP/AVP'))
    expect(answered).toEqual({ ok: false, error: 'downgrade' })
    expect(caller.keys?.method).toBe('dtls')
  })

  it('nothing captured leaves while we hold the call, and it goes on afterwards', async () => {
    const { world, caller, callee } = await talkingDtls()
    const hold = async (held: boolean): Promise<void> => {
      const again = await caller.reoffer({ held })
      const answered = await callee.answerAgain(again.ok ? again.value.networkSdp : '')
      expect((await caller.takeAnswer(answered.ok ? (answered.value.networkSdp ?? '') : '')).ok).toBe(true)
    }
    await hold(true)
    caller.page.raw(packet('held'))
    caller.page.raw(report('counts'))
    await world.clock.advance(50)
    expect([caller.sentInClear('held'), caller.sentInClear('counts')]).toEqual([false, true])
    await hold(false)
    caller.page.raw(packet('again'))
    await world.clock.advance(50)
    expect(caller.sentInClear('again')).toBe(true)
  })

  it('nothing captured leaves to one who holds us', async () => {
    const { world, caller, callee } = await talkingDtls()
    const again = await callee.reoffer({ held: true })
    const sdp = (again.ok ? again.value.networkSdp : '').replace('a=sendrecv', 'a=inactive')
    expect((await caller.answerAgain(sdp)).ok).toBe(true)
    caller.page.raw(packet('unwanted'))
    await world.clock.advance(50)
    expect(caller.sentInClear('unwanted')).toBe(false)
  })
})

describe('a later offer that is refused', () => {
  it('leaves the call as it was', async () => {
    const { caller, callee } = await talking()
    const again = await callee.reoffer()
    const sdp = (again.ok ? again.value.networkSdp : '').replace(/m=audio \d+/, 'm=audio 0')
    expect((await caller.answerAgain(sdp)).ok).toBe(false)
    expect(await caller.isHeardBy(callee, 'one')).toBe(true)
    expect(await callee.isHeardBy(caller, 'two')).toBe(true)
  })
})

describe('a hold of old', () => {
  it('0.0.0.0: nothing captured leaves (RFC 3264 §8.4)', async () => {
    const plainly = (sdp: string): string => without(sdp, /^a=ice/, /^a=candidate/)
    const { caller, callee } = await talking({}, plainly)
    expect(await callee.isHeardBy(caller, 'before')).toBe(true)
    const again = await caller.reoffer()
    const sdp = plainly(again.ok ? again.value.networkSdp : '').replace(/IN IP4 [\d.]+/g, 'IN IP4 0.0.0.0')
    const answered = await callee.answerAgain(sdp)
    expect(answered.ok && answered.value.heldByPeer).toBe(true)
    expect(await callee.isHeardBy(caller, 'while held')).toBe(false)
  })
})

describe('a section of no use to us before the audio', () => {
  it('keeps its place in offers of ours', async () => {
    const image = 'm=image 9 udptl t38\r\nm=audio '
    const world = new GatewayWorld('places')
    worlds.push(world)
    const [caller, callee] = [await world.side('10.0.0.1'), await world.side('10.0.0.2')]
    const offered = await caller.offer()
    const answered = await callee.answer((offered.ok ? offered.value.networkSdp : '').replace('m=audio ', image))
    expect(answered.ok && answered.value.networkSdp).toContain('m=image 0 udptl t38')
    const again = await callee.reoffer({ held: true })
    const media = (again.ok ? again.value.networkSdp : '').split('\r\n').filter((line) => line.startsWith('m='))
    expect(media).toEqual(['m=image 0 udptl t38', expect.stringMatching(/^m=audio [1-9]/)])
  })
})
