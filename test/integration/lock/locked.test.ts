import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CallSignal } from '#main/accounts/signalling-port-calls.ts'
import type { SignallingAccount, SignallingEvent } from '#main/accounts/signalling-port.ts'
import type { SpoolRecord } from '#main/spool/spool-record.ts'
import type { CallId } from '#shared/model/calls.ts'
import type { Aor } from '#shared/model/ids.ts'
import { headsMediaType } from '#shared/replication/heads.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { accountId, alice, bodyOf, LockedProgram } from '#test/fakes/locked-program.ts'

const [bob, carol, mallory] = ['sip:bob@example.org', 'sip:carol@example.org', 'sip:mallory@example.org'] as [
  Aor,
  Aor,
  Aor,
]
const callId = 'call' as CallId
const account: SignallingAccount = {
  ...{ id: accountId, aor: alice, displayName: '', transport: 'wss', server: null, instanceId: 'i' },
  ...{ extraAuthorities: [], spkiPins: [] },
  credentials: { username: 'alice', realm: 'r', ha1Md5: 'x', ha1Sha256: 'y', password: null, strongest: 'SHA-256' },
}

describe('while Sotto is locked', () => {
  let folder: string
  let program: LockedProgram
  const files = (): string[] => readdirSync(path.join(folder, 'spool'))

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'sotto-locked-'))
    program = new LockedProgram(path.join(folder, 'spool'), new FakeClock())
    program.locked.usePeers([
      { accountId, peer: bob, policy: 'accepted', muted: false },
      { accountId, peer: carol, policy: 'accepted', muted: true },
      { accountId, peer: mallory, policy: 'blocked', muted: false },
    ])
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  async function answersTo(...bodies: Parameters<LockedProgram['deliver']>[0][]): Promise<(number | undefined)[]> {
    const receipts = bodies.map((body) => program.deliver(body))
    await program.locked.release()
    return receipts.map((receipt) => program.line.answers.get(receipt))
  }

  async function spooled(): Promise<SpoolRecord[]> {
    const records: SpoolRecord[] = []
    await program.spool.drain(program.key, (record) => {
      records.push(record)
      return Promise.resolve('later')
    })
    return records
  }

  const heard = (signal: CallSignal): void => program.line.raise({ kind: 'call', accountId, call: callId, signal })
  const offer = (from: Aor): CallSignal => ({
    ...{
      kind: 'offered',
      from,
      fromName: 'Bob',
      sipCallId: 'c@x',
      sdp: 'v=0\r\nm=video 9 RTP/AVP 96\r\n',
      replaces: null,
    },
  })

  it('takes messages without saying more than that they are not lost, and shows nobody', async () => {
    expect(await answersTo(bodyOf('one'), bodyOf('two', { path: 'msrp' }))).toEqual([202, 202])
    expect((await spooled()).map((record) => record.kind === 'body' && record.body.transportId)).toEqual(['one', 'two'])
    expect(program.notices).toEqual(['message', 'message'])
  })

  it('keeps quiet for strangers and muted conversations, and refuses who is blocked', async () => {
    expect(await answersTo(bodyOf('muted', { from: carol }), bodyOf('stranger', { from: 'sip:x@y.z' as Aor }))).toEqual(
      [202, 202],
    )
    expect(await answersTo(bodyOf('spam', { from: mallory }), bodyOf('spam', { from: mallory, path: 'msrp' }))).toEqual(
      [603, 403],
    )
    expect(program.notices).toEqual([])
    expect(await spooled()).toHaveLength(2)
  })

  it('keeps neither typing notices nor heads nor what is no message', async () => {
    const typing = '<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing"><state>active</state></isComposing>'
    const type = { contentType: 'application/im-iscomposing+xml' }
    const heads = bodyOf('sealed', { contentType: headsMediaType })
    expect(await answersTo(bodyOf(typing, type), heads, bodyOf('not cpim', { contentType: 'message/cpim' }))).toEqual([
      202, 202, 400,
    ])
    expect(await spooled()).toEqual([])
  })

  it('refuses for now what it cannot seal', async () => {
    program.locked.useKey(null)
    expect(await answersTo(bodyOf('a'), bodyOf('b', { path: 'msrp' }))).toEqual([480, 408])
  })

  it('refuses for now what the disk does not take', async () => {
    writeFileSync(path.join(folder, 'no-folder'), '')
    const broken = new LockedProgram(path.join(folder, 'no-folder', 'spool'), new FakeClock())
    const receipts = [broken.deliver(bodyOf('a')), broken.deliver(bodyOf('b', { path: 'msrp' }))]
    await broken.locked.release()
    expect(receipts.map((receipt) => broken.line.answers.get(receipt))).toEqual([500, 408])
  })

  it('rings without a name, and keeps that a call was missed', async () => {
    heard(offer(bob))
    expect(program.shown).toMatchObject([
      { id: callId, phase: 'incoming', peer: '', peerName: '', conversationId: '', video: true },
    ])
    expect(JSON.stringify(program.shown)).not.toMatch(/bob/i)
    heard({ kind: 'failed', status: 487, elsewhere: false })
    await program.locked.release()
    expect(program.shown).toEqual([])
    expect(program.notices).toEqual(['ring call', 'quiet call', 'missed call'])
    expect(await spooled()).toMatchObject([{ kind: 'call', from: bob, outcome: 'missed', video: true }])
  })

  it('declines without unlocking', async () => {
    heard(offer(bob))
    await program.locked.calls.decline({ callId, busy: true })
    expect(program.line.commands).toEqual([{ kind: 'end', call: callId, status: 486 }])
    expect(await spooled()).toMatchObject([{ outcome: 'declined' }])
    await expect(program.locked.calls.decline({ callId })).rejects.toMatchObject({ code: 'not-found' })
  })

  it('does not ring for who is blocked, nor for more than it can show', () => {
    heard(offer(mallory))
    expect(program.line.commands).toEqual([{ kind: 'end', call: callId, status: 480 }])
    for (let n = 0; n < 6; n += 1)
      program.line.raise({ kind: 'call', accountId, call: `c${n}` as CallId, signal: offer(bob) })
    expect(program.shown).toHaveLength(4)
    expect(program.line.commands.slice(1)).toMatchObject([
      { call: 'c4', status: 486 },
      { call: 'c5', status: 486 },
    ])
  })

  it('leaves chat sessions to ring, and hands them and a ringing call to who unlocks', async () => {
    heard(offer(bob))
    heard({ kind: 'tone', tone: '1' })
    program.line.raise({ kind: 'chat-session', chat: { accountId, session: 's', from: bob, fromName: '' } })
    expect(program.line.chats).toEqual([['s', 'ring']])
    const session = await program.kept.attach()
    const events: SignallingEvent[] = []
    session.onEvent((event) => events.push(event))
    heard({ kind: 'tone', tone: '2' })
    expect(events).toEqual([])
    session.flow()
    expect(events.map((event) => (event.kind === 'call' ? event.signal.kind : event.kind))).toEqual([
      'offered',
      'tone',
      'chat-session',
      'tone',
    ])
    expect(program.notices).toEqual(['ring call', 'quiet call'])
  })

  it('gives the spool what a session that ends has not answered', async () => {
    const session = await program.kept.attach()
    session.flow()
    const [first, second] = [program.deliver(bodyOf('first')), program.deliver(bodyOf('second'))]
    await session.accept(first, 200)
    await session.stop()
    await program.locked.release()
    expect([program.line.answers.get(first), program.line.answers.get(second)]).toEqual([200, 202])
    expect(await spooled()).toMatchObject([{ body: { transportId: 'second' } }])
    expect(files()).toHaveLength(1)
  })

  it('goes on with a registration that stands, and makes a changed one anew', async () => {
    const first = await program.kept.attach()
    await first.configure(account)
    first.flow()
    program.line.raise({ kind: 'connection', accountId, connection: { kind: 'registered' } })
    await first.stop()
    const second = await program.kept.attach()
    const events: SignallingEvent[] = []
    second.onEvent((event) => events.push(event))
    await second.configure(account)
    second.flow()
    expect(program.line.configured).toHaveLength(1)
    expect(events).toMatchObject([{ kind: 'connection', connection: { kind: 'registered' } }])
    await second.configure({ ...account, server: 'wss://other' })
    await second.stop()
    const third = await program.kept.attach()
    await third.configure(account)
    expect(program.line.configured.map(({ server }) => server)).toEqual([null, 'wss://other', null])
  })

  it('hears that the network changed', async () => {
    await program.kept.networkChanged()
    expect(program.line.networkChanges).toBe(1)
  })

  it('replays bodies as if they came in, and their answers go to nobody', async () => {
    const session = await program.kept.attach()
    session.flow()
    session.onEvent((event) => {
      if (event.kind === 'body') void session.accept(event.body.receipt, 200)
    })
    expect(await session.replay(bodyOf('x'))).toBe(200)
    expect(program.line.answers.size).toBe(0)
    session.onEvent(() => undefined)
    const other = await program.kept.attach()
    const waiting = other.replay(bodyOf('y'))
    await other.stop()
    expect(await waiting).toBe(408)
  })
})
