import { seededNumbers } from '#protocol/msrp/codec.fuzz.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { ByteStream } from '#shared/ports/sockets.ts'
import { digestHa1 } from '#protocol/msrp/auth.ts'
import { MsrpRelay } from './relay.ts'

const ignore = (): void => undefined
const silent: LogPort = { debug: ignore, info: ignore, warn: ignore, error: ignore, child: () => silent }
const still: ClockPort = { now: () => 0, monotonic: () => 0, after: () => ({ cancel: ignore }) }

const grains = [
  ...[
    '\r\n',
    '\r\n\r\n',
    '-------abcd1$\r\n',
    '-------abcd1+\r\n',
    '\r\n-------abcd1$\r\n',
    'MSRP abcd1 ',
    'SEND\r\n',
    'REPORT\r\n',
    'AUTH\r\n',
  ],
  ...[
    '200 OK\r\n',
    'To-Path: msrp://relay;tcp\r\n',
    'To-Path: msrp://relay:1/x;tcp msrp://b:1/y;ws\r\n',
    'From-Path: msrp://a:1/s;tcp\r\n',
  ],
  ...[
    'Expires: 9\r\n',
    'Authorization: Digest username="a", realm="r", nonce="n", qop=auth, nc=00000001, cnonce="c", response="x"\r\n',
  ],
  ...[
    'Message-ID: m1234\r\n',
    'Byte-Range: 1-*/9\r\n',
    'Failure-Report: no\r\n',
    'Content-Type: a/b\r\n',
    'Status: 000 200 OK\r\n',
    'x',
    '\0',
  ],
]

/**
 * Feeds connections of a relay streams made from pieces of MSRP.
 * @throws when one throws, or when a connection is told anything but refusals without having signed in
 */
export function fuzz(iterations: number, seed: number): void {
  const pick = seededNumbers(seed)
  const random = { bytes: (length: number) => Uint8Array.from({ length }, () => pick(256)) }
  const relay = new MsrpRelay({
    realm: 'r',
    advertise: () => ({ host: 'relay', port: 1 }),
    secrets: { ha1: (user, realm, algorithm) => Promise.resolve(digestHa1(algorithm, user, realm, 'right')) },
    ...{ clock: still, random, log: silent },
  })
  for (let run = 0; run < iterations; run += 1) {
    const { stream, feed, written } = fakeStream()
    relay.acceptStream(stream)
    for (let count = pick(30); count >= 0; count -= 1) feed(Buffer.from(grains[pick(grains.length)] ?? ''))
    stream.close()
    if (/MSRP \S+ 200 |^Use-Path/m.test(written())) throw new Error('a stranger was let in')
  }
  if (relay.connections > 0) throw new Error('connections were left behind')
  relay.stop()
}

function fakeStream(): { stream: ByteStream; feed: (bytes: Uint8Array) => void; written: () => string } {
  let onData: (bytes: Uint8Array) => void = ignore
  let onClose: () => void = ignore
  let text = ''
  const at = { host: '127.0.0.1', port: 1 }
  const stream: ByteStream = {
    ...{ remote: at, local: at, secure: false, bufferedBytes: 0, pause: ignore, resume: ignore, onDrain: ignore },
    write: (bytes) => {
      text += Buffer.from(bytes).toString('latin1')
      return true
    },
    close: () => onClose(),
    onData: (handler) => void (onData = handler),
    onClose: (handler) => void (onClose = handler),
  }
  return { stream, feed: (bytes) => onData(bytes), written: () => text }
}
