/** The far end of a flow in tests: reads what the user agent sends, and answers as a test says. */
import { headerLines, headerValue } from '#protocol/sip/headers.ts'
import type { SipHeader, SipMessage, SipRequest, SipResponse } from '#protocol/sip/message.ts'
import { parseSip } from '#protocol/sip/parse.ts'
import { serializeSip } from '#protocol/sip/serialize.ts'
import type { SipFlow } from '#protocol/sip/user-agent/user-agent.ts'

export interface TestServer {
  readonly flow: SipFlow
  /** Everything the user agent sent, oldest first. */
  readonly seen: readonly SipMessage[]
  readonly expectsPongs: () => boolean
  requests(method: string): SipRequest[]
  responses(status: number): SipResponse[]
  send(message: SipMessage): void
  sendRaw(text: string): void
  /** Waits for the nth message (from 1) that fits. */
  next<M extends SipMessage>(fits: (message: SipMessage) => message is M, count?: number): Promise<M>
  request(method: string, count?: number): Promise<SipRequest>
  response(status: number, count?: number): Promise<SipResponse>
  lose(): void
}

/** A server whose every request handler is `answer`; null leaves a request alone. */
export function makeTestServer(
  answer: (request: SipRequest) => SipResponse | null,
  transport: SipFlow['transport'] = 'TLS',
): TestServer {
  const seen: SipMessage[] = []
  const waiting = new Set<() => void>()
  let onMessage: (bytes: Uint8Array) => void = () => undefined
  let onClose: () => void = () => undefined
  let pongs = false
  const send = (message: SipMessage): void => onMessage(serializeSip(message))
  const receive = (bytes: Uint8Array): void => {
    const message = parseSip(bytes.slice())
    seen.push(message)
    for (const check of [...waiting]) check()
    const response = message.kind === 'request' && message.method !== 'ACK' ? answer(message) : null
    if (response !== null) queueMicrotask(() => send(response))
  }
  const server: TestServer = {
    flow: {
      transport,
      local: transport === 'TLS' || transport === 'TCP' ? { host: '192.0.2.7', port: 40_001 } : null,
      send: receive,
      close: () => onClose(),
      ownHost: '192.0.2.1',
      expectPongs: () => (pongs = true),
      probe: () => undefined,
      onMessage: (handler) => (onMessage = handler),
      onClose: (handler) => (onClose = handler),
    },
    seen,
    expectsPongs: () => pongs,
    requests: (method) => seen.filter((message) => message.kind === 'request').filter((m) => m.method === method),
    responses: (status) => seen.filter((message) => message.kind === 'response').filter((m) => m.status === status),
    send,
    sendRaw: (text) => onMessage(Buffer.from(text)),
    next: (fits, count = 1) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(check)
          reject(new Error(`not sent; saw ${seen.map((m) => (m.kind === 'request' ? m.method : m.status)).join(' ')}`))
        }, 3000)
        const check = (): void => {
          const found = seen.filter(fits)[count - 1]
          if (found === undefined) return
          clearTimeout(timer)
          waiting.delete(check)
          resolve(found)
        }
        waiting.add(check)
        check()
      }),
    request: (method, count) =>
      server.next((message): message is SipRequest => message.kind === 'request' && message.method === method, count),
    response: (status, count) =>
      server.next((message): message is SipResponse => message.kind === 'response' && message.status === status, count),
    lose: () => onClose(),
  }
  return server
}

const noBody = new Uint8Array(0)

/** A response to `request` with a To tag. */
export function respond(
  request: SipRequest,
  status: number,
  extra: readonly SipHeader[] = [],
  { tag = 'far', body = noBody }: { tag?: string; body?: Uint8Array } = {},
): SipResponse {
  const copy = (name: string): SipHeader[] => headerLines(request, name).map((value) => ({ name, value }))
  const to = headerValue(request, 'to') ?? ''
  const headers = [
    ...copy('via'),
    ...copy('from'),
    { name: 'to', value: to.includes(';tag=') ? to : `${to};tag=${tag}` },
    ...copy('call-id'),
    ...copy('cseq'),
    ...extra,
  ]
  return { kind: 'response', status, reason: '', headers, body }
}

/** 200 to a REGISTER, giving back its contact. */
export function registered(request: SipRequest, extra: readonly SipHeader[] = []): SipResponse {
  return respond(request, 200, [{ name: 'contact', value: headerValue(request, 'contact') ?? '' }, ...extra])
}

export const farDescription = Buffer.from(
  [
    ...['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0'],
    ...['m=message 2855 TCP/MSRP *', 'a=accept-types:text/plain', 'a=path:msrp://192.0.2.1:2855/far;tcp', ''],
  ].join('\r\n'),
)

let counter = 0

/** A request of the far end to our contact; `headers` replace or add. */
export function farRequest(
  method: string,
  headers: Readonly<Record<string, string | null>> = {},
  { body = noBody, uri = 'sip:alice@example.org' }: { body?: Uint8Array; uri?: string } = {},
): SipRequest {
  counter += 1
  const all: Record<string, string | null> = {
    via: `SIP/2.0/TLS 192.0.2.1:5061;branch=z9hG4bKfar${counter}`,
    'max-forwards': '70',
    from: '<sip:bob@example.org>;tag=bobs',
    to: '<sip:alice@example.org>',
    'call-id': `far-${counter}`,
    cseq: `${counter} ${method}`,
    contact: '<sip:bob@192.0.2.1:5061;transport=tls>',
    ...headers,
  }
  const list = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [{ name, value }]))
  return { kind: 'request', method, uri, headers: list, body }
}
