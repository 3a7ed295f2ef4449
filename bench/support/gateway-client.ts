/** Starts the gateway and the bare hop in processes of their own, and calls them. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { MediaEvent, MediaPort } from '#main/media/media-port.ts'

type Method = Exclude<keyof MediaPort, 'onEvent'>

/** CPU of a whole process so far, milliseconds: every thread of it. */
export type CpuMs = () => Promise<number>

export interface GatewayProcess {
  call<M extends Method>(method: M, ...args: Parameters<MediaPort[M]>): Promise<Awaited<ReturnType<MediaPort[M]>>>
  onEvent(handler: (event: MediaEvent) => void): void
  readonly cpuMs: CpuMs
  stop(): void
}

const inSupport = (file: string): string => new URL(file, import.meta.url).pathname
const totalMs = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1000

function start(file: string): ChildProcess {
  // What was given to the bench is for the gateway, too: `node --cpu-prof bench/call-bridge.ts` profiles both.
  const execArgv = process.execArgv.filter((arg) => arg.startsWith('--cpu-prof'))
  return fork(inSupport(file), { serialization: 'advanced', execArgv })
}

/** The media worker in a process of its own. */
export function startGateway(): GatewayProcess {
  const child = start('gateway-process.ts')
  const waiting = new Map<number, (value: unknown) => void>()
  const handlers = new Set<(event: MediaEvent) => void>()
  let last = 0
  child.on('message', (told: { id: number; value: unknown } | { event: MediaEvent }) => {
    if ('event' in told) {
      for (const handler of handlers) handler(told.event)
      return
    }
    waiting.get(told.id)?.(told.value)
    waiting.delete(told.id)
  })
  const ask = (method: string, args: readonly unknown[]): Promise<unknown> =>
    new Promise((resolve) => {
      last += 1
      waiting.set(last, resolve)
      child.send({ id: last, method, args })
    })
  return {
    call: (method, ...args) => ask(method, args) as Promise<never>,
    onEvent: (handler) => handlers.add(handler),
    cpuMs: async () => totalMs((await ask('cpu', [])) as NodeJS.CpuUsage),
    stop: () => child.disconnect(),
  }
}

export interface UdpHop {
  /** What comes to one goes out of the other, to whoever sent there last. */
  readonly near: number
  readonly far: number
  readonly cpuMs: CpuMs
  stop(): void
}

/** A bare hop between two sockets, in a process of its own. */
export async function startHop(): Promise<UdpHop> {
  const child = start('udp-hop.ts')
  const [[near, far]] = (await once(child, 'message')) as [readonly [number, number]]
  return {
    ...{ near, far },
    cpuMs: async () => {
      const told = once(child, 'message') as Promise<[NodeJS.CpuUsage]>
      child.send('cpu')
      return totalMs((await told)[0])
    },
    stop: () => child.disconnect(),
  }
}
