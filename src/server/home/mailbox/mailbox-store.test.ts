import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MailboxStore } from './mailbox-store.ts'
import { HomeDatabase } from '../data-dir/database.ts'
import {
  filesWith,
  ManualClock,
  silentLog,
  storedMessage,
  temporaryDirectory,
  testLimits,
} from '#test/fakes/home-server.ts'
import { systemRandom } from '../system-ports.ts'
import type { Aor } from '#shared/model/ids.ts'

const phone = 'urn:uuid:00000000-0000-1000-8000-000000000001'
const laptop = 'urn:uuid:00000000-0000-1000-8000-000000000002'
const dayMs = 86_400_000

describe('MailboxStore', () => {
  let directory: ReturnType<typeof temporaryDirectory>
  let clock: ManualClock
  let database: HomeDatabase
  let mailbox: MailboxStore

  const open = (limits = testLimits): void => {
    database = new HomeDatabase(directory.path)
    mailbox = new MailboxStore({ database, clock, random: systemRandom, log: silentLog, limits })
  }
  const texts = (instance: string): string[] => {
    const found: string[] = []
    for (let next = mailbox.next('alice', instance, 0); next !== null;) {
      found.push(Buffer.from(next.message.body).toString())
      next = mailbox.next('alice', instance, next.seq)
    }
    return found
  }
  const take = (instance: string): string | null => {
    const next = mailbox.next('alice', instance, 0)
    if (next === null) return null
    mailbox.delivered('alice', instance, next.seq)
    return Buffer.from(next.message.body).toString()
  }

  beforeEach(() => {
    directory = temporaryDirectory()
    clock = new ManualClock()
    open()
  })
  afterEach(() => {
    database.close()
    directory.remove()
  })

  test('gives each device each message once, in order, also after a restart', async () => {
    mailbox.deviceSeen('alice', phone)
    mailbox.deviceSeen('alice', laptop)
    const devices = mailbox.devices('alice')
    for (const text of ['one', 'two', 'three']) await mailbox.store('alice', devices, storedMessage({ text }))
    expect(take(phone)).toBe('one')
    database.close()
    open()
    expect([take(phone), take(phone), take(phone)]).toEqual(['two', 'three', null])
    expect(texts(laptop)).toEqual(['one', 'two', 'three'])
    while (take(laptop) !== null);
    expect(database.sql.prepare('SELECT count(*) AS n FROM message').get()).toEqual({ n: 0 })
  })

  test('keeps a message for the first device when there is none yet', async () => {
    await mailbox.store('alice', [], storedMessage({ text: 'early' }))
    mailbox.deviceSeen('alice', laptop)
    mailbox.deviceSeen('alice', phone)
    expect(texts(laptop)).toEqual(['early'])
    expect(texts(phone)).toEqual([])
  })

  test('keeps every byte, header and the time', async () => {
    const message = storedMessage({
      body: Uint8Array.from({ length: 256 }, (_, i) => i),
      headers: [
        { name: 'content-type', value: 'message/cpim' },
        { name: 'content-encoding', value: 'deflate' },
      ],
      receivedAt: 1_234_567_890_123,
    })
    await mailbox.store('alice', [phone], message)
    const next = mailbox.next('alice', phone, 0)
    expect({ ...next!.message, body: [...next!.message.body] }).toEqual({ ...message, body: [...message.body] })
  })

  test('keeps both when a Call-ID comes again with other words', async () => {
    await mailbox.store('alice', [phone], storedMessage({ text: 'wrapped', callId: 'again' }))
    await mailbox.store('alice', [phone], storedMessage({ text: 'plain', callId: 'again' }))
    await mailbox.store('alice', [phone], storedMessage({ text: 'plain', callId: 'again' }))
    expect(texts(phone)).toEqual(['wrapped', 'plain'])
  })

  test('stores the same message of the same sender once per device', async () => {
    const message = storedMessage({ text: 'same' })
    const [a, b] = await Promise.all([
      mailbox.store('alice', [phone], message),
      mailbox.store('alice', [phone, laptop], message),
    ])
    expect(a.ok && b.ok && a.value === b.value).toBe(true)
    expect([texts(phone), texts(laptop)]).toEqual([['same'], ['same']])
    await mailbox.store('alice', [phone], { ...message, from: 'sip:eve@sotto.home.arpa' as Aor })
    expect(texts(phone)).toEqual(['same', 'same'])
  })

  test('forgets the copy of a device that took the message after all', async () => {
    const stored = await mailbox.store('alice', [phone, laptop], storedMessage({ text: 'late' }))
    mailbox.forget('alice', phone, stored.ok ? stored.value : '')
    mailbox.forget('bob', laptop, stored.ok ? stored.value : '')
    expect([texts(phone), texts(laptop)]).toEqual([[], ['late']])
  })

  test('refuses beyond the quotas of sender and recipient, and takes again when there is room', async () => {
    database.close()
    open({ ...testLimits, mailboxMessagesPerSender: 2, mailboxMessagesPerUser: 3 })
    const from = (name: string) => ({ from: `sip:${name}@sotto.home.arpa` as Aor })
    expect((await mailbox.store('alice', [phone], storedMessage(from('bob')))).ok).toBe(true)
    expect((await mailbox.store('alice', [phone], storedMessage(from('bob')))).ok).toBe(true)
    expect(await mailbox.store('alice', [phone], storedMessage(from('bob')))).toEqual({
      ok: false,
      error: 'mailbox-full',
    })
    expect((await mailbox.store('alice', [phone], storedMessage(from('carol')))).ok).toBe(true)
    expect((await mailbox.store('alice', [phone], storedMessage(from('dave')))).ok).toBe(false)
    take(phone)
    expect((await mailbox.store('alice', [phone], storedMessage(from('bob')))).ok).toBe(true)
  })

  test('refuses one message larger than the byte quota', async () => {
    database.close()
    open({ ...testLimits, mailboxBytesPerSender: 10_000 })
    const stored = await mailbox.store('alice', [phone], storedMessage({ body: new Uint8Array(10_000) }))
    expect(stored).toEqual({ ok: false, error: 'mailbox-full' })
  })

  test('drops messages and devices after 60 days and counts only days', async () => {
    mailbox.deviceSeen('alice', phone)
    await mailbox.store('alice', [phone], storedMessage({ receivedAt: clock.now() }))
    clock.advance(30 * dayMs)
    mailbox.deviceSeen('alice', laptop)
    await mailbox.store('alice', [phone, laptop], storedMessage({ text: 'newer', receivedAt: clock.now() }))
    clock.advance(31 * dayMs)
    expect(mailbox.devices('alice')).toEqual([laptop])
    mailbox.expire()
    expect(texts(phone)).toEqual([])
    expect(texts(laptop)).toEqual(['newer'])
    expect(database.sql.prepare('SELECT * FROM device').all()).toEqual([
      { user: 'alice', instance: laptop, last_seen_day: Math.floor(Date.UTC(2026, 4, 31) / dayMs) },
    ])
  })

  test('leaves nothing in any file after delivery or erasure', async () => {
    mailbox.deviceSeen('alice', phone)
    await mailbox.store('alice', [phone], storedMessage({ text: 'canary-delivered' }))
    await mailbox.store('alice', [phone], storedMessage({ text: 'canary-erased'.repeat(1000) }))
    expect(filesWith(directory.path, 'canary-delivered')).not.toEqual([])
    take(phone)
    mailbox.erase('alice')
    database.purge()
    expect(filesWith(directory.path, 'canary')).toEqual([])
  })

  test('keeps at most so many devices of a user', () => {
    database.close()
    open({ ...testLimits, devicesPerUser: 2 })
    for (const name of ['a', 'b', 'c']) {
      mailbox.deviceSeen('alice', name)
      clock.advance(dayMs)
    }
    expect(mailbox.devices('alice')).toEqual(['b', 'c'])
  })
})
