import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { sequenceNumberOf, ssrcOf } from '#protocol/rtp/header.ts'
import { ZrtpSession } from '#protocol/zrtp/session.ts'
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

beforeAll(async () => {
  server = await startHome(directory.path)
  const token = readFileSync(`${directory.path}/signup-token`, 'utf8').trim()
  ha1Sha256 = (await homeClient().signUp(addressOf(server), 'alice', { token })).ha1Sha256
})
afterEach(() => open.splice(0).forEach((one) => one.close()))
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

describe('a call to the echo contact', () => {
  test.each(['wss', 'udp'] as const)('over %s: rings, agrees on keys, sends back what it hears', async (transport) => {
    const phone = await phoneOver(transport)
    const audio = await stream()
    const zrtp = audio.speakZrtp(systemRandom.bytes(12), new ZrtpSession())
    const caller = new EchoCaller(phone)
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
})
