import { copyOf } from '#shared/bytes/bytes.ts'
import { parseHttpResponse, type HttpResponse } from './http-response.ts'
import { SottoError } from '#shared/errors.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { ByteStream, ConnectorPort, SocketFailure } from '#shared/ports/sockets.ts'

export interface HttpsRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: unknown
}

export interface HttpsTarget {
  readonly host: string
  readonly port: number
  readonly spkiPins: readonly string[]
}

const answerMs = 20_000
/** An export is the largest answer: a full mailbox in base64. */
const maxAnswerBytes = 134_217_728

/**
 * One request over a TLS connection of its own to a pinned server, through the program's one connector. Throws
 * `SottoError('server-unreachable' | 'certificate-untrusted' | 'server-refused')`.
 */
export async function sendHttps(
  target: HttpsTarget,
  request: HttpsRequest,
  ports: { readonly connector: ConnectorPort; readonly clock: ClockPort },
): Promise<HttpResponse> {
  const { host, port, spkiPins } = target
  const connected = await ports.connector.stream({ host, port, tls: { serverName: host, spkiPins } })
  if (!connected.ok) throw failureOf(connected.error)
  const bytes = await exchange(connected.value, serializeRequest(target, request), ports.clock)
  try {
    return parseHttpResponse(bytes)
  } catch (cause) {
    throw new SottoError('server-refused', {}, cause)
  }
}

function serializeRequest(target: HttpsTarget, request: HttpsRequest): Uint8Array {
  const body = request.json === undefined ? '' : JSON.stringify(request.json)
  const host = target.host.includes(':') ? `[${target.host}]` : target.host
  const headers: Record<string, string> = {
    host: `${host}:${target.port}`,
    connection: 'close',
    ...(body === '' ? {} : { 'content-type': 'application/json' }),
    'content-length': String(Buffer.byteLength(body)),
    ...request.headers,
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`${request.method} ${request.path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
}

function exchange(stream: ByteStream, request: Uint8Array, clock: ClockPort): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let length = 0
    const fail = (): void => {
      stream.close()
      reject(new SottoError('server-unreachable'))
    }
    const timer = clock.after(answerMs, fail)
    stream.onData((bytes) => {
      length += bytes.length
      if (length > maxAnswerBytes) {
        fail()
        return
      }
      chunks.push(copyOf(bytes))
    })
    stream.onClose(() => {
      timer.cancel()
      resolve(Buffer.concat(chunks))
    })
    stream.write(request)
  })
}

function failureOf(failure: SocketFailure): SottoError {
  if (failure.kind === 'certificate') return new SottoError('certificate-untrusted')
  return new SottoError('server-unreachable')
}
