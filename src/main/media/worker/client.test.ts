import { describe, expect, it } from 'vitest'
import type { CallId } from '#shared/model/calls.ts'
import { SottoError } from '#shared/errors.ts'
import { silentLog } from '#test/fakes/silent-log.ts'
import type { MediaEvent } from '../media-port.ts'
import { createMediaClient, type MediaWorker } from './client.ts'

const call = 'call' as CallId
const request = { call, branch: '', sdp: '' }
const reoffer = { call, held: false, rendererSdp: null, video: false, restart: false }

/** Workers that die when told to: what was asked of them and not answered is rejected, as by the real ones. */
function setup() {
  const events: MediaEvent[] = []
  const log: string[] = []
  let crash: () => void = () => undefined
  let raise: (event: MediaEvent) => void = () => undefined
  let started = 0
  const client = createMediaClient({
    log: silentLog,
    start: () => {
      started += 1
      const waiting = new Set<(error: Error) => void>()
      crash = () => {
        for (const reject of waiting) reject(new SottoError('internal'))
        for (const handler of crashed) handler()
      }
      const crashed: (() => void)[] = []
      const worker = {
        rpc: {
          call: (method: string) => {
            log.push(method)
            if (method !== 'offer') return Promise.resolve(method === 'inspect' ? { video: false } : undefined)
            return new Promise((_resolve, reject) => waiting.add(reject))
          },
          on: (_name: string, handler: (event: MediaEvent) => void) => (raise = handler),
        },
        onCrash: (handler: () => void) => crashed.push(handler),
        terminate: () => Promise.resolve(log.push('terminate')),
      }
      return Promise.resolve(worker as unknown as MediaWorker)
    },
  })
  client.onEvent((event) => events.push(event))
  const offer = () => client.offer({ call, leg: 'leg' as never, rendererSdp: '', plan: {} as never })
  return {
    client,
    events,
    log,
    offer,
    crash: () => crash(),
    raise: (event: MediaEvent) => raise(event),
    started: () => started,
  }
}

describe('the media worker', () => {
  it('starts with its first use, once', async () => {
    const { client, started } = setup()
    await client.network(call)
    expect(started()).toBe(0)
    await Promise.all([client.inspect(''), client.inspect('')])
    expect(started()).toBe(1)
  })

  it('that dies loses its calls, answers what waits, and is started anew', async () => {
    const { client, events, offer, crash, started } = setup()
    const waiting = offer()
    await client.inspect('')
    crash()
    expect(await waiting).toEqual({ ok: false, error: 'engine' })
    expect(events).toEqual([{ kind: 'lost', call, why: 'engine' }])
    await client.close(call)
    expect(await client.inspect('')).toEqual({ video: false })
    expect(started()).toBe(2)
    crash()
    expect(events).toHaveLength(1)
  })

  it('says what it hears', async () => {
    const { client, events, raise } = setup()
    await client.inspect('')
    raise({ kind: 'heard', call })
    expect(events).toEqual([{ kind: 'heard', call }])
  })

  it('that was stopped takes no more calls', async () => {
    const { client, log, offer, started } = setup()
    await client.inspect('')
    await client.stop()
    expect(log.slice(-2)).toEqual(['stop', 'terminate'])
    expect(await offer()).toEqual({ ok: false, error: 'engine' })
    expect(await client.takeAnswer(request)).toEqual({ ok: false, error: 'engine' })
    expect(await client.reoffer(reoffer)).toEqual({ ok: false, error: 'engine' })
    await expect(client.inspect('')).rejects.toMatchObject({ code: 'internal' })
    await client.close(call)
    expect(started()).toBe(1)
  })
})
