/** The media worker as the program starts it, in a process of its own, so that its CPU can be told from the bench's. */
import type { MediaPort } from '#main/media/media-port.ts'
import { createMediaClient } from '#main/media/worker/client.ts'

interface Asked {
  readonly id: number
  readonly method: Exclude<keyof MediaPort, 'onEvent'> | 'cpu'
  readonly args: readonly unknown[]
}

const silent = {
  ...{ debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
  child: () => silent,
}
const media = createMediaClient({ log: silent })
media.onEvent((event) => process.send?.({ event }))

process.on('message', (asked: Asked) => {
  void answer(asked).then((value) => process.send?.({ id: asked.id, value }))
})
process.on('disconnect', () => process.exit())

function answer({ method, args }: Asked): Promise<unknown> {
  if (method === 'cpu') return Promise.resolve(process.cpuUsage())
  const call = media[method].bind(media) as (...given: readonly unknown[]) => Promise<unknown>
  return call(...args)
}
