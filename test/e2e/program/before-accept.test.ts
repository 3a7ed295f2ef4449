import { expect as visible, type Page } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { headerValue } from '#protocol/sip/headers.ts'
import { registered, respond } from '../../fakes/sip-flow-server.ts'
import { launchApp, temporaryData, type RunningApp } from '../support/app.ts'
import { acceptCall, expectCall } from '../support/call-steps.ts'
import { missingCommands, titleWithNeeds } from '../support/needs.ts'
import { testPassphrase } from '../support/person.ts'
import { RawSipServer } from '../support/raw-sip-server.ts'
import type { SocketUse } from '../support/socket-trace.ts'
import { postponePaperSecret, protectProfile, signIn } from '../support/steps.ts'
import { traceHost, type TracedHost } from '../support/traced-host.ts'

const missing = missingCommands('strace')
const callId = 'forged-call@mallory.example'
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const description = [
  ...['v=0', 'o=- 1 1 IN IP4 127.0.0.66', 's=-', 'c=IN IP4 127.0.0.66', 't=0 0', 'm=audio 6666 RTP/AVP 0'],
  ...['a=rtpmap:0 PCMU/8000', 'a=ice-ufrag:abcd', `a=ice-pwd:${'p'.repeat(22)}`],
  ...['a=candidate:1 1 UDP 1 127.0.0.66 6666 typ host', `a=zrtp-hash:1.10 ${'ab'.repeat(32)}`, ''],
].join('\r\n')

interface Parts {
  readonly start: string
  readonly cseq: string
  readonly toTag?: string
  readonly body?: string
  readonly more?: readonly string[]
}

/** A message of the caller, byte for byte. */
function message({ start, cseq, toTag, body = '', more = [] }: Parts): string {
  return [
    start,
    `Via: SIP/2.0/WS 127.0.0.1;branch=z9hG4bKmallory${cseq.replaceAll(' ', '')}`,
    'From: <sip:mallory@forged.example>;tag=mallory',
    `To: <sip:alice@forged.example>${toTag === undefined ? '' : `;tag=${toTag}`}`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq}`,
    'Max-Forwards: 70',
    'Contact: <sip:mallory@127.0.0.1;transport=ws>',
    ...more,
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n')
}

/** Everything that might make a careless program believe that the call was taken; ours have our To tag. */
function forgeries(toTag: string): readonly string[] {
  const uri = 'sip:alice@forged.example'
  const bare = 'SIP/2.0 200 OK'
  return [
    message({ start: bare, cseq: '1 INVITE', toTag, body: description }),
    message({ start: bare, cseq: '1 INVITE', toTag: 'other', body: description }),
    message({ start: 'SIP/2.0 183 Session Progress', cseq: '1 INVITE', toTag, body: description }),
    message({ start: `ACK ${uri} SIP/2.0`, cseq: '1 ACK', toTag }),
    message({ start: `ACK ${uri} SIP/2.0`, cseq: '1 ACK', toTag, body: description }),
    message({ start: `ACK ${uri} SIP/2.0`, cseq: '1 ACK' }),
    message({ start: `UPDATE ${uri} SIP/2.0`, cseq: '2 UPDATE', toTag, body: description }),
    message({ start: `PRACK ${uri} SIP/2.0`, cseq: '3 PRACK', toTag, more: ['RAck: 1 1 INVITE'], body: description }),
    message({ start: `INVITE ${uri} SIP/2.0`, cseq: '4 INVITE', toTag, body: description }),
    message({ start: `INVITE ${uri} SIP/2.0`, cseq: '5 INVITE', toTag }),
    message({ start: `ACK ${uri} SIP/2.0`, cseq: '5 ACK', toTag, body: description }),
    message({ start: `REFER ${uri} SIP/2.0`, cseq: '6 REFER', toTag, more: ['Refer-To: <sip:eve@forged.example>'] }),
    message({ start: `INFO ${uri} SIP/2.0`, cseq: '7 INFO', toTag, body: 'Signal=5' }),
    message({ start: `NOTIFY ${uri} SIP/2.0`, cseq: '8 NOTIFY', toTag, more: ['Event: refer'] }),
    `UPDATE ${uri} SIP/2.0\r\nCall-ID: ${callId}\r\n\r\n${description}`,
    `\0\0\0\0${description}`,
  ]
}

interface Watched {
  opened: number
  connections: number
}

/** Counts what the page opens from now on. */
async function watchPage(page: Page): Promise<() => Promise<Watched>> {
  await page.evaluate(() => {
    const watched = { opened: 0, connections: 0 }
    Object.assign(globalThis, { watched })
    const devices = navigator.mediaDevices
    const open = devices.getUserMedia.bind(devices)
    devices.getUserMedia = (wishes) => {
      watched.opened += 1
      return open(wishes)
    }
    globalThis.RTCPeerConnection = new Proxy(RTCPeerConnection, {
      construct: (made, given) => {
        watched.connections += 1
        return Reflect.construct(made, given) as RTCPeerConnection
      },
    })
  })
  return () => page.evaluate(() => ({ ...(globalThis as unknown as { readonly watched: Watched }).watched }))
}

describe.skipIf(missing.length > 0)(titleWithNeeds('a call that rings', missing), () => {
  const data = temporaryData()
  let host: TracedHost
  let server: RawSipServer
  let app: RunningApp

  /** As it was traced, but for questions of routing that send nothing. */
  const uses = (): ReadonlyMap<string, readonly SocketUse[]> =>
    new Map([...host.uses()].map(([file, all]) => [file, all.filter(({ silent }) => !silent)] as const))
  const usesSince = (before: ReadonlyMap<string, readonly SocketUse[]>): readonly SocketUse[] =>
    [...uses()].flatMap(([file, all]) => all.slice(before.get(file)?.length ?? 0))

  beforeAll(async () => {
    host = traceHost(data.path)
    const { wrapper } = host
    server = await RawSipServer.start((request) =>
      request.method === 'REGISTER' ? registered(request) : respond(request, 481),
    )
    app = await launchApp({ profile: 'alice', data: data.path, wrapper, fakeMedia: true })
    await protectProfile(app.page, testPassphrase)
    const connection = { connection: /\(WS\)/, server: `ws://127.0.0.1:${server.port}/` }
    await signIn(app.page, { address: 'alice@forged.example', password: 'secret', ...connection })
    await postponePaperSecret(app.page)
    await visible(app.page.getByText('Connected', { exact: true })).toBeVisible({ timeout: 20_000 })
  }, 120_000)

  afterAll(async () => {
    await app.quit()
    await server.stop()
    data.remove()
  }, 60_000)

  it('opens no socket and no device, whatever is forged byte by byte, until the user takes it', async () => {
    const { page } = app
    const watched = await watchPage(page)
    const before = uses()
    server.send(message({ start: 'INVITE sip:alice@forged.example SIP/2.0', cseq: '1 INVITE', body: description }))
    const ringing = await server.response(180)
    await expectCall(page, { phase: 'incoming' })
    for (const forged of forgeries(/;tag=([^;]+)/.exec(headerValue(ringing, 'to') ?? '')?.[1] ?? ''))
      server.send(forged)
    await pause(2_000)
    await expectCall(page, { phase: 'incoming' })
    expect(await watched()).toEqual({ opened: 0, connections: 0 })
    expect(usesSince(before)).toEqual([])
    expect(server.responses(200)).toEqual([])
    await acceptCall(page)
    // Even now: there is no relay, so the caller would learn the address.
    await page.getByRole('alertdialog').getByRole('button', { name: 'Accept anyway' }).click()
    const taken = await server.response(200)
    expect(Buffer.from(taken.body).toString()).toContain('m=audio')
    expect((await watched()).opened).toBeGreaterThan(0)
    expect(usesSince(before).some(({ call }) => call === 'bind')).toBe(true)
  }, 60_000)
})
