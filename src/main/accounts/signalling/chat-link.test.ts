import { expect, it } from 'vitest'
import { FakeClock, settle } from '#test/fakes/fake-clock.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { SendOutcome } from '#protocol/msrp/session.ts'
import type { SipSession } from '#protocol/sip/user-agent/user-agent.ts'
import { ChatLink } from './chat-link.ts'
import type { ReservedPath } from './relay-link.ts'

const answer = [
  ...['v=0', 's=-', 'm=message 9 TCP/MSRP *', 'a=path:msrp://192.0.2.1:9/far;tcp'],
  ...['a=accept-types:message/cpim', 'a=accept-wrapped-types:text/plain application/*', ''],
].join('\r\n')

function setup(): {
  readonly link: ChatLink
  readonly clock: FakeClock
  readonly ends: string[]
  /** Message-IDs sent. */
  readonly ids: string[]
  readonly opened: { config?: { remotePath: readonly string[]; role: string } }[]
  readonly renew: () => void
  outcome: SendOutcome
} {
  const clock = new FakeClock()
  const ends: string[] = []
  const ids: string[] = []
  const opened: { config?: { remotePath: readonly string[]; role: string } }[] = []
  let renew: () => void = () => undefined
  const session = {
    send: (sent: { readonly messageId: string }) => {
      ids.push(sent.messageId)
      return Promise.resolve(result.outcome)
    },
    close: () => ends.push('msrp'),
  }
  const connection = {
    newId: () => 'abcdef0123456789',
    openSession: (_path: unknown, given: (typeof opened)[number]) => {
      opened.push(given)
      return session
    },
  }
  const path = {
    path: ['msrps://relay:2855/r;tcp', 'msrps://x.invalid:2855/own;ws'],
    onRenewed: (handler: () => void) => (renew = handler),
    onExpired: () => undefined,
    release: () => ends.push('path'),
  }
  const sip = { end: () => ends.push('bye') } as unknown as SipSession
  const link = new ChatLink({
    clock,
    reserved: { connection, path } as unknown as ReservedPath,
    peer: 'sip:bob@example.org' as Aor,
    onMessage: () => undefined,
    onEnded: () => ends.push('ended'),
  })
  link.hold(sip)
  const result = { link, clock, ends, ids, opened, renew: () => renew(), outcome: { kind: 'delivered' } as SendOutcome }
  return result
}

const message = {
  contentType: 'message/cpim',
  payload: new Uint8Array(1),
  messageId: '00112233445566778899aabbccddeeff',
}

async function established(): Promise<ReturnType<typeof setup>> {
  const test = setup()
  await test.link.exchange.createOffer()
  test.link.exchange.applyAnswer(answer, 'far')
  test.link.hear({ kind: 'progress', status: 180, toTag: 'far', sdp: null })
  expect(test.link.isOpen).toBe(false)
  test.link.hear({ kind: 'established' })
  return test
}

const everything = ['msrp', 'path', 'bye', 'ended']

it('opens with what the answer said, and knows what the peer takes', async () => {
  const { link, opened } = await established()
  expect(opened[0]?.config).toMatchObject({ remotePath: ['msrp://192.0.2.1:9/far;tcp'], role: 'active' })
  expect(link.takes('message/cpim', 'bare')).toBe(true)
  expect(link.takes('text/plain', 'bare')).toBe(false)
  expect(link.takes('application/im-iscomposing+xml', 'wrapped')).toBe(true)
})

it('ends after five minutes without use, counted from the last message', async () => {
  const { link, clock, ends } = await established()
  await clock.advance(299_000)
  expect(await link.send(message)).toEqual({ kind: 'delivered' })
  await clock.advance(299_000)
  expect(link.isOpen).toBe(true)
  await clock.advance(1_000)
  expect(ends).toEqual(everything)
  expect(await link.send(message)).toMatchObject({ kind: 'failed' })
})

it('survives a message the peer refuses, and ends when one gets lost', async () => {
  const test = await established()
  test.outcome = { kind: 'failed', status: 403, cause: 'report' }
  await test.link.send(message)
  expect(test.link.isOpen).toBe(true)
  test.outcome = { kind: 'failed', status: 408, cause: 'report-timed-out' }
  await test.link.send(message)
  expect(test.ends).toEqual(everything)
})

it('ends once, whatever ends first', async () => {
  const test = await established()
  test.renew()
  test.link.hear({ kind: 'ended', reason: null })
  test.link.end()
  await settle()
  expect(test.ends).toEqual(everything)
})

it('refuses an answer without a chat', () => {
  expect(() => setup().link.exchange.applyAnswer('v=0\r\nm=audio 1 RTP/AVP 0\r\n', 'far')).toThrow('no chat answered')
})

it('sends under the id of the message, the same again when it is repeated, and under a fresh one where that is no ident', async () => {
  const { link, ids } = await established()
  await link.send(message)
  await link.send(message)
  for (const messageId of ['_leading', 'abc', 'with space', 'x'.repeat(40)]) await link.send({ ...message, messageId })
  expect(ids.slice(0, 2)).toEqual([message.messageId, message.messageId])
  expect(ids.slice(2)).toEqual(Array.from({ length: 4 }, () => 'abcdef0123456789'))
})
