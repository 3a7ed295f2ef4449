import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { sequenceNumberOf, ssrcOf } from '#protocol/rtp/header.ts'
import { buildPli, buildReceiverReport } from '#protocol/rtp/rtcp-build.ts'
import { readFeedback } from '#protocol/rtp/rtcp-feedback.ts'
import { rtcpPackets } from '#protocol/rtp/rtcp.ts'
import {
  parseSecurityDescription,
  serializeSecurityDescription,
  type SecurityDescription,
} from '#protocol/sdp/security-descriptions.ts'
import { headerValue } from '#protocol/sip/headers.ts'
import type { SipHeader } from '#protocol/sip/message.ts'
import { profiles } from '#protocol/srtp/profiles.ts'
import { SrtpReceiver } from '#protocol/srtp/receiver.ts'
import { SrtpSender } from '#protocol/srtp/sender.ts'
import { isZrtp } from '#protocol/zrtp/packet.ts'
import type { RetainedSecrets } from '#protocol/zrtp/secrets.ts'
import { ZrtpSession } from '#protocol/zrtp/session.ts'
import { concatBytes } from '#shared/bytes/bytes.ts'
import type { FlowTransport } from '#server/home/proxy/flow.ts'
import type { HomeServer } from '#server/home/server.ts'
import { systemRandom } from '#server/home/system-ports.ts'
import { CallerStream, EchoCaller, withoutIdentity } from '#test/fakes/echo-caller.ts'
import { addressOf, homeClient, startHome, temporaryDirectory } from '#test/fakes/home-server.ts'
import { SocketPhone } from '#test/fakes/socket-phone.ts'

const directory = temporaryDirectory()
let server: HomeServer
let ha1Sha256: string
const open: { close(): void }[] = []
const callers: EchoCaller[] = []

beforeAll(async () => {
  server = await startHome(directory.path)
  const token = readFileSync(`${directory.path}/signup-token`, 'utf8').trim()
  ha1Sha256 = (await homeClient().signUp(addressOf(server), 'alice', { token })).ha1Sha256
})
afterEach(async () => {
  await Promise.all(callers.splice(0).map((caller) => caller.request('BYE')))
  open.splice(0).forEach((one) => one.close())
})
afterAll(async () => {
  await server.stop()
  directory.remove()
})

async function phoneOver(transport: FlowTransport): Promise<SocketPhone> {
  const phone = await SocketPhone.connect({ server: server.endpoint, transport, user: 'alice', ha1Sha256 })
  open.push(phone)
  await phone.register()
  return phone
}

/** Hangs up when the test is over. */
function callerOn(phone: SocketPhone): EchoCaller {
  const caller = new EchoCaller(phone)
  callers.push(caller)
  return caller
}

async function stream(): Promise<CallerStream> {
  const made = await CallerStream.open()
  open.push(made)
  return made
}

interface Section {
  readonly kind?: 'audio' | 'video'
  readonly port: number
  readonly protocol?: string
  readonly lines?: readonly string[]
}

const formats = { audio: '0 101', video: '96 97' }
const maps = {
  audio: ['a=rtpmap:0 PCMU/8000', 'a=rtpmap:101 telephone-event/8000'],
  video: ['a=rtpmap:96 VP8/90000', 'a=rtpmap:97 rtx/90000', 'a=fmtp:97 apt=96', 'a=rtcp-fb:96 nack pli'],
}

function offer(...sections: readonly Section[]): string {
  const head = ['v=0', 'o=- 7 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0']
  const media = sections.flatMap(({ kind = 'audio', port, protocol = 'RTP/AVP', lines = [] }) => [
    `m=${kind} ${port} ${protocol} ${formats[kind]}`,
    ...maps[kind],
    ...lines,
  ])
  return [...head, ...media, ''].join('\r\n')
}

const text = (answer: { readonly body: Uint8Array }): string => Buffer.from(answer.body).toString()
const portsOf = (sdp: string): number[] => [...sdp.matchAll(/^m=\S+ (\d+)/gm)].map((match) => Number(match[1]))
const hashesOf = (sdp: string): string[] => [...sdp.matchAll(/^a=zrtp-hash:(.*)$/gm)].map((match) => match[1]!.trim())

/** Sends `count` packets; they come back equal, under one SSRC of the echo's, with numbers of its own that count on. */
async function expectEcho(caller: CallerStream, count = 20, payloadType = 0): Promise<void> {
  const before = caller.rtp.length
  const sent = Array.from({ length: count }, (_, at) =>
    caller.send(systemRandom.bytes(160), { payloadType, marker: at === 0 }),
  )
  await expect.poll(() => caller.rtp.length, { timeout: 5_000 }).toBe(before + count)
  const back = caller.rtp.slice(before)
  expect(back.map(withoutIdentity)).toEqual(sent.map(withoutIdentity))
  const [first] = back
  expect(new Set(back.map(ssrcOf)).size).toBe(1)
  expect(ssrcOf(first!)).not.toBe(caller.ssrc)
  const start = sequenceNumberOf(first!)
  expect(back.map(sequenceNumberOf)).toEqual(back.map((_, at) => (start + at) & 0xffff))
}

/** The answer has come: packets may go, and ZRTP begins. */
function begin(caller: CallerStream, answer: string, at: number): void {
  caller.aim(portsOf(answer)[at]!)
  caller.zrtp!.announcePeer([hashesOf(answer)[at]!])
  caller.zrtp!.start()
}

async function expectSecure(caller: CallerStream): Promise<void> {
  await expect.poll(() => caller.secured !== null && caller.sender !== null, { timeout: 8_000 }).toBe(true)
}

describe('a call to the echo contact', () => {
  test.each(['wss', 'udp'] as const)('over %s: rings, agrees on keys, sends back what it hears', async (transport) => {
    const phone = await phoneOver(transport)
    const audio = await stream()
    const zrtp = audio.speakZrtp(systemRandom.bytes(12), new ZrtpSession())
    const caller = callerOn(phone)
    const answer = await caller.invite(
      offer({ port: audio.port, lines: [`a=zrtp-hash:${zrtp.helloHash}`, 'a=rtcp-mux'] }),
    )
    expect(answer.status).toBe(200)
    expect(phone.provisional).toContain(180)
    const sdp = text(answer)
    expect(sdp).toContain('c=IN IP4 127.0.0.1\r\n')
    expect(sdp).toContain('a=rtcp-mux\r\n')
    audio.aim(portsOf(sdp)[0]!)
    // Before the keys are there nothing comes back.
    for (let at = 0; at < 5; at += 1) audio.send(systemRandom.bytes(160))
    zrtp.announcePeer(hashesOf(sdp))
    zrtp.start()
    await expect.poll(() => audio.secured?.sas?.base32, { timeout: 8_000 }).toMatch(/^[a-z0-9]{4}$/)
    expect(audio.rtp).toEqual([])
    await expectEcho(audio)
    const forged = systemRandom.bytes(182)
    forged[0] = 0x80
    forged[1] = 0
    audio.raw(forged)
    await expectEcho(audio)
    expect(audio.refusals).toEqual([])
    expect((await caller.request('BYE')).status).toBe(200)
    expect((await caller.request('BYE')).status).toBe(481)
  })

  test('pictures get keys from the same agreement, and a key frame is asked for when one is wanted', async () => {
    const phone = await phoneOver('wss')
    const [audio, video] = [await stream(), await stream()]
    const [zid, session] = [systemRandom.bytes(12), new ZrtpSession()]
    audio.speakZrtp(zid, session)
    video.speakZrtp(zid, session, { place: 'further' })
    const lines = (one: CallerStream): string[] => [`a=zrtp-hash:${one.zrtp!.helloHash}`, 'a=rtcp-mux']
    const caller = callerOn(phone)
    const first = text(await caller.invite(offer({ port: audio.port, protocol: 'RTP/AVPF', lines: lines(audio) })))
    begin(audio, first, 0)
    await expectSecure(audio)
    // Pictures are added while the call runs.
    const both = text(
      await caller.invite(
        offer(
          { port: audio.port, protocol: 'RTP/AVPF', lines: lines(audio) },
          { kind: 'video', port: video.port, protocol: 'RTP/AVPF', lines: lines(video) },
        ),
      ),
    )
    expect(portsOf(both)[0]).toBe(portsOf(first)[0])
    expect(both).toMatch(/^m=video \d+ RTP\/AVPF 96\r$/m)
    expect(both).toContain('a=rtcp-fb:96 nack pli\r\n')
    expect(/^o=\S+ (\d+) (\d+)/m.exec(both)?.[2]).toBe('2')
    begin(video, both, 1)
    await expectSecure(video)
    expect(video.secured!.sas).toBeNull()
    await expectEcho(video, 30, 96)
    await expectEcho(audio)
    const echoed = ssrcOf(video.rtp[0]!)
    video.sendRtcp(concatBytes(buildReceiverReport(video.ssrc, []), buildPli(video.ssrc, echoed)))
    const wishes = (): unknown[] =>
      video.rtcp.flatMap((compound) => (rtcpPackets(compound) ?? []).map(readFeedback)).filter((one) => one !== null)
    await expect.poll(wishes, { timeout: 5_000 }).toEqual([{ sender: echoed, media: video.ssrc, kind: 'pli' }])
    // Somebody else's pictures are not ours to ask for.
    video.sendRtcp(concatBytes(buildReceiverReport(video.ssrc, []), buildPli(video.ssrc, 1)))
    const off = text(
      await caller.invite(
        offer({ port: audio.port, protocol: 'RTP/AVPF', lines: lines(audio) }, { kind: 'video', port: 0 }),
      ),
    )
    expect(portsOf(off)).toEqual([portsOf(first)[0], 0])
    await expectEcho(audio)
    expect(wishes()).toHaveLength(1)
  })

  test('knows a caller again: the secrets of the call before, also after a restart', async () => {
    const zid = systemRandom.bytes(12)
    const speak = async (known: RetainedSecrets | null): Promise<CallerStream> => {
      const audio = await stream()
      audio.speakZrtp(zid, new ZrtpSession(), { known })
      const caller = callerOn(await phoneOver('ws'))
      const answer = await caller.invite(
        offer({ port: audio.port, lines: [`a=zrtp-hash:${audio.zrtp!.helloHash}`, 'a=rtcp-mux'] }),
      )
      begin(audio, text(answer), 0)
      await expectSecure(audio)
      await caller.request('BYE')
      return audio
    }
    const retained = (audio: CallerStream): RetainedSecrets => ({ ...audio.secured!.retained!, sasVerified: true })
    const first = await speak(null)
    callers.splice(0)
    await server.stop()
    server = await startHome(directory.path)
    const second = await speak(retained(first))
    expect([first.secured!.cache, second.secured!.cache]).toEqual(['first-contact', 'match'])
    // A caller that lost its secrets is a new one to itself, and known again the time after.
    const third = await speak(null)
    expect((await speak(retained(third))).secured!.cache).toBe('match')
  })

  test('takes keys from a secure description, and answers with its own', async () => {
    const audio = await stream()
    const ours: SecurityDescription = {
      ...{ tag: 3, suite: 'AES_CM_128_HMAC_SHA1_80', lifetime: null, mki: null },
      ...{ key: systemRandom.bytes(16), salt: systemRandom.bytes(14) },
    }
    const caller = callerOn(await phoneOver('tls'))
    const lines = [`a=crypto:${serializeSecurityDescription(ours)}`, 'a=rtcp-mux']
    const answer = text(await caller.invite(offer({ port: audio.port, protocol: 'RTP/SAVP', lines })))
    const theirs = parseSecurityDescription(/^a=crypto:(.*)\r$/m.exec(answer)?.[1] ?? '')!
    expect([theirs.tag, theirs.suite]).toEqual([3, 'AES_CM_128_HMAC_SHA1_80'])
    expect(Buffer.from(theirs.key).equals(ours.key)).toBe(false)
    expect(answer).not.toContain('zrtp-hash')
    const profile = profiles.AES_CM_128_HMAC_SHA1_80
    audio.aim(portsOf(answer)[0]!)
    // In clear, and under another key: nothing comes back.
    for (let at = 0; at < 5; at += 1) audio.send(systemRandom.bytes(160))
    audio.sender = new SrtpSender({ profile, key: systemRandom.bytes(16), salt: ours.salt })
    for (let at = 0; at < 5; at += 1) audio.send(systemRandom.bytes(160))
    audio.sender = new SrtpSender({ profile, key: ours.key, salt: ours.salt })
    audio.receiver = new SrtpReceiver({ profile, key: theirs.key, salt: theirs.salt })
    await expectEcho(audio)
    // Offered again unchanged, everything goes on.
    expect(text(await caller.invite(offer({ port: audio.port, protocol: 'RTP/SAVP', lines })))).toContain(
      `a=crypto:${serializeSecurityDescription(theirs)}`,
    )
    await expectEcho(audio)
    expect(audio.wire).toHaveLength(40)
  })

  test('speaks in clear only to somebody who has no ZRTP, and only after a while', { timeout: 20_000 }, async () => {
    const [plain, announced] = [await stream(), await stream()]
    const [one, two] = [callerOn(await phoneOver('tcp')), callerOn(await phoneOver('tcp'))]
    const toPlain = text(await one.invite(offer({ port: plain.port })))
    const hash = announced.speakZrtp(systemRandom.bytes(12), new ZrtpSession()).helloHash
    const toAnnounced = text(await two.invite(offer({ port: announced.port, lines: [`a=zrtp-hash:${hash}`] })))
    plain.aim(portsOf(toPlain)[0]!)
    announced.aim(portsOf(toAnnounced)[0]!)
    expect(toPlain).toContain('a=zrtp-hash:1.10 ')
    expect(toPlain).not.toContain('rtcp-mux')
    plain.send(systemRandom.bytes(160))
    // Its Hellos end where nobody answers them.
    await expect
      .poll(
        () => {
          plain.send(systemRandom.bytes(160))
          announced.send(systemRandom.bytes(160))
          return plain.rtp.length
        },
        { timeout: 15_000, interval: 100 },
      )
      .toBeGreaterThan(0)
    expect(plain.wire.filter(isZrtp).length).toBeGreaterThan(5)
    await new Promise((resolve) => setTimeout(resolve, 300))
    await expectEcho(plain)
    expect(announced.rtp).toEqual([])
    expect(announced.wire.every(isZrtp)).toBe(true)
  })

  test('on hold nothing comes back; afterwards it does', async () => {
    const audio = await stream()
    const caller = callerOn(await phoneOver('wss'))
    const zrtp = audio.speakZrtp(systemRandom.bytes(12), new ZrtpSession())
    const lines = [`a=zrtp-hash:${zrtp.helloHash}`, 'a=rtcp-mux']
    const answer = await caller.invite(offer({ port: audio.port, lines }), [
      { name: 'supported', value: 'timer' },
      { name: 'session-expires', value: '1800' },
    ])
    expect(headerValue(answer, 'session-expires')).toBe('1800;refresher=uac')
    begin(audio, text(answer), 0)
    await expectSecure(audio)
    await expectEcho(audio)
    const held = text(await caller.invite(offer({ port: audio.port, lines: [...lines, 'a=sendonly'] })))
    expect(held).toContain('a=recvonly\r\n')
    const before = audio.rtp.length
    for (let at = 0; at < 5; at += 1) audio.send(systemRandom.bytes(160))
    expect((await caller.request('UPDATE')).status).toBe(200)
    expect(audio.rtp).toHaveLength(before)
    expect(text(await caller.invite(''))).toContain('a=recvonly\r\n')
    expect(text(await caller.invite(offer({ port: audio.port, lines })))).toContain('a=sendrecv\r\n')
    await expectEcho(audio)
    expect((await caller.request('INFO')).status).toBe(200)
  })

  test('refuses what it cannot do', async () => {
    const phone = await phoneOver('ws')
    const invite = (sdp: string, headers: readonly SipHeader[] = []) => callerOn(phone).invite(sdp, headers)
    const dtls = ['a=fingerprint:sha-256 ' + Array.from({ length: 32 }, () => 'AB').join(':'), 'a=setup:actpass']
    expect((await invite(offer({ port: 4000, protocol: 'UDP/TLS/RTP/SAVPF', lines: dtls }))).status).toBe(488)
    expect((await invite(offer({ port: 4000, protocol: 'RTP/SAVP' }))).status).toBe(488)
    expect((await invite(offer({ port: 4000 }).replaceAll('PCMU', 'G729').replace('101 tele', '101 x'))).status).toBe(
      488,
    )
    expect((await invite(offer({ port: 0 }))).status).toBe(488)
    expect((await invite('v=0')).status).toBe(488)
    const required = await invite(offer({ port: 4000 }), [{ name: 'require', value: '100rel, timer' }])
    expect([required.status, headerValue(required, 'unsupported')]).toEqual([420, '100rel'])
    const stranger = callerOn(phone)
    expect((await stranger.invite(offer({ port: 4000 }))).status).toBe(200)
    expect((await stranger.request('INVITE', offer({ port: 4000, protocol: 'RTP/SAVP' }))).status).toBe(488)
    expect((await stranger.request('BYE')).status).toBe(200)
  })

  test('takes four calls of one person at a time', { timeout: 20_000 }, async () => {
    const phone = await phoneOver('ws')
    const five = Array.from({ length: 5 }, () => callerOn(phone))
    const statuses = await Promise.all(five.map(async (caller) => (await caller.invite(offer({ port: 4000 }))).status))
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 200, 200, 200, 486])
    await Promise.all(five.filter((_, at) => statuses[at] === 200).map((caller) => caller.request('BYE')))
    expect((await callerOn(phone).invite(offer({ port: 4000 }))).status).toBe(200)
  })
})
