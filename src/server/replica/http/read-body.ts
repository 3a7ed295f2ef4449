import type { IncomingMessage } from 'node:http'
import type { ClockPort } from '#shared/ports/clock.ts'
import { err, ok, type Result } from '#shared/result.ts'

/** `gone`: its sender closed the connection, or took too long. */
export type BodyFault = 'too-large' | 'gone'

/** Reads a body whose head was admitted, `most` bytes at most, within `withinMs`. */
export function readBody(
  request: IncomingMessage,
  { clock, most, withinMs }: { readonly clock: ClockPort; readonly most: number; readonly withinMs: number },
): Promise<Result<Uint8Array, BodyFault>> {
  if (Number(request.headers['content-length'] ?? 0) > most) return Promise.resolve(err('too-large'))
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let length = 0
    const finish = (result: Result<Uint8Array, BodyFault>): void => {
      timer.cancel()
      request.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone)
      resolve(result)
    }
    const onData = (chunk: Buffer): void => {
      length += chunk.length
      if (length <= most) chunks.push(chunk)
      else finish(err('too-large'))
    }
    const onEnd = (): void => finish(ok(Uint8Array.from(Buffer.concat(chunks))))
    const onGone = (): void => finish(err('gone'))
    const timer = clock.after(withinMs, onGone)
    request.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone)
  })
}
