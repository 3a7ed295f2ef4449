import { describe, expect, it } from 'vitest'
import { SottoError } from '#shared/errors.ts'
import { bridgeTable } from '#shared/bridge/table.ts'
import type { LogPort } from '#shared/ports/log.ts'
import { BridgeDispatcher, type BridgeHandlers } from './dispatcher.ts'

function recordingLog(lines: string[]): LogPort {
  const add = (event: string, fields: unknown): void => void lines.push(`${event} ${JSON.stringify(fields)}`)
  return { debug: add, info: add, warn: add, error: add, child: () => recordingLog(lines) }
}

function dispatcher(handlers: Partial<BridgeHandlers>, lines: string[] = []): BridgeDispatcher {
  return new BridgeDispatcher({ handlers: handlers as BridgeHandlers, log: recordingLog(lines) })
}

const conversationId = 'A'.repeat(22)

describe('BridgeDispatcher', () => {
  it('parses arguments before the handler sees them', async () => {
    const seen: unknown[] = []
    const bridge = dispatcher({ 'conversations.start': (args) => (seen.push(args), conversationId as never) })
    const reply = await bridge.dispatch('call', 'conversations.start', {
      accountId: conversationId,
      peer: 'Bob@EXAMPLE.org',
    })
    expect(reply).toEqual({ ok: true, value: conversationId })
    expect(seen).toEqual([{ accountId: conversationId, peer: 'sip:Bob@example.org' }])
  })

  it.each([
    ['unknown name', 'call', 'app.exec', {}],
    ['prototype name', 'call', '__proto__', {}],
    ['name that is no string', 'call', ['app.view'], {}],
    ['bad argument', 'call', 'messages.send', { conversationId, text: '' }],
    ['missing arguments', 'call', 'messages.send', undefined],
    ['secret row on the open channel', 'call', 'keys.unlock', { rung: 'keychain', secret: null }],
    ['open row on the secret channel', 'secret', 'app.view', {}],
  ] as const)('refuses: %s', async (_what, channel, name, args) => {
    expect(await dispatcher({}).dispatch(channel, name, args)).toEqual({
      ok: false,
      code: 'invalid-argument',
      params: {},
    })
  })

  it('wipes typed secrets when their call is over, however it ends', async () => {
    const seen: string[] = []
    const bridge = dispatcher({
      'keys.unlock': async ({ secret }) => {
        await Promise.resolve()
        seen.push(Buffer.from(secret ?? []).toString())
        throw new SottoError('wrong-passphrase')
      },
    })
    const secret = new TextEncoder().encode('hunter2')
    const reply = await bridge.dispatch('secret', 'keys.unlock', { rung: 'passphrase', secret })
    expect(reply).toMatchObject({ ok: false, code: 'wrong-passphrase' })
    expect([seen, secret.every((byte) => byte === 0)]).toEqual([['hunter2'], true])
  })

  it('lets errors cross as codes and nothing else', async () => {
    const lines: string[] = []
    const bridge = dispatcher(
      {
        'app.quit': () => {
          throw new Error('secret detail /home/alice')
        },
        'settings.get': () => {
          throw new SottoError('disk-full', { free: 12 })
        },
      },
      lines,
    )
    expect(await bridge.dispatch('call', 'app.quit', {})).toEqual({ ok: false, code: 'internal', params: {} })
    expect(await bridge.dispatch('call', 'settings.get', {})).toEqual({
      ok: false,
      code: 'disk-full',
      params: { free: 12 },
    })
    expect(lines.join('\n')).not.toContain('secret detail')
  })

  it('has a schema for every row and names no row twice', () => {
    for (const [name, row] of Object.entries(bridgeTable)) {
      expect(name).toMatch(/^[a-z]+\.[a-zA-Z]+$/)
      expect(typeof row.args.safeParse).toBe('function')
    }
  })
})
