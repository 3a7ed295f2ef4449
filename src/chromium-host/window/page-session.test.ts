import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { CdpConnection } from '../cdp/connection.ts'
import { encodeClone } from '../inject/codec.ts'
import { decodeFrame, PageSession } from './page-session.ts'

const sessionId = 'S'

/** Chromium's end of the pipe: answers every command with nothing, and says what it is told to. */
function chromium(): { connection: CdpConnection; asked: string[]; say: (method: string, params: object) => void } {
  const [toChromium, fromChromium] = [new PassThrough(), new PassThrough()]
  const connection = new CdpConnection({ out: toChromium, in: fromChromium }, () => undefined)
  const asked: string[] = []
  const write = (message: object): void => void fromChromium.write(`${JSON.stringify({ ...message, sessionId })}\0`)
  toChromium.setEncoding('utf8').on('data', (text: string) => {
    for (const frame of text.split('\0').filter((part) => part !== '')) {
      const { id, method } = JSON.parse(frame) as { id: number; method: string }
      asked.push(method)
      write({ id, result: {} })
    }
  })
  return { connection, asked, say: (method, params) => write({ method, params }) }
}

function pageOf(connection: CdpConnection, loaded: () => void): PageSession {
  const nothing = (): void => undefined
  return new PageSession(
    { connection, sessionId, targetId: 'T' },
    {
      onFrame: nothing,
      onPainted: nothing,
      onDomReady: nothing,
      onLoaded: loaded,
      onCrashed: nothing,
      onCloseAsked: () => true,
      onWindowOpenAsked: nothing,
      onNavigateAsked: () => true,
    },
  )
}

describe('a page that is prepared', () => {
  it('is not ready to go anywhere before its marker page has loaded', async () => {
    const { connection, asked, say } = chromium()
    let loads = 0
    const page = pageOf(connection, () => loads++)
    let isReady = false
    const ready = page.prepare(null, {}).then(() => {
      isReady = true
    })
    await expect.poll(() => asked.at(-1)).toBe('Runtime.runIfWaitingForDebugger')
    await new Promise((resolve) => setImmediate(resolve))
    say('Page.frameNavigated', { frame: { id: 'T', url: 'data:text/html,marker' } })
    await new Promise((resolve) => setImmediate(resolve))
    expect(isReady).toBe(false)
    say('Page.loadEventFired', { timestamp: 1 })
    await ready
    expect([asked.includes('Page.navigate'), loads]).toEqual([false, 0])
  })

  it('goes on without a marker page that Chromium dropped', async () => {
    const { connection, asked } = chromium()
    await pageOf(connection, () => undefined).prepare(null, {})
    expect(asked.at(-1)).toBe('Runtime.runIfWaitingForDebugger')
  })
})

describe('frames from a page', () => {
  it('are objects with a kind, and nothing else is', () => {
    expect(decodeFrame(encodeClone({ k: 'h' }))).toEqual({ k: 'h' })
    for (const hostile of [null, 0, 'k', true, [], {}, { k: 1 }, { k: null }, new Map([['k', 'h']]), undefined])
      expect(decodeFrame(encodeClone(hostile))).toBeNull()
  })

  it('are refused without a throw when they are no JSON, or JSON without end', () => {
    for (const hostile of ['', '{', 'null', '[[[[', '['.repeat(200_000), '{"$":"m","v":1}', '{"$":"x"}', '"\ud800"'])
      expect(decodeFrame(hostile)).toBeNull()
  })
})
