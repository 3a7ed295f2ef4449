/** A line with a delay: what either side says arrives so much later, in order and whole. */
import { connect, createServer, type Socket } from 'node:net'

export interface SlowLine {
  readonly port: number
  close(): Promise<void>
}

/** @param oneWayMs - Half a round trip. */
export async function slowLine(
  to: { readonly host: string; readonly port: number },
  oneWayMs: number,
): Promise<SlowLine> {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(to.port, to.host)
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.setNoDelay()
      from.on('data', (bytes) => void setTimeout(() => into.write(bytes), oneWayMs))
      from.on('error', () => into.destroy())
      from.on('close', () => into.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('it does not listen')
  return {
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}
