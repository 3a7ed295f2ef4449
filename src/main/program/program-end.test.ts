import { describe, expect, it } from 'vitest'
import type { LogPort } from '#shared/ports/log.ts'
import { FakeClock, settle } from '#test/fakes/fake-clock.ts'
import { ProgramEnd, stopDeadlineMs } from './program-end.ts'

function rig() {
  const clock = new FakeClock()
  const said: string[] = []
  const ignore = (): undefined => undefined
  const log: LogPort = {
    ...{ debug: ignore, info: ignore, warn: ignore },
    error: (event) => said.push(event),
    child: () => log,
  }
  const quit = (): unknown => said.push(end.holds() ? 'held again' : 'quit')
  const end: ProgramEnd = new ProgramEnd({ clock, log, quit, exit: () => said.push('exit') })
  return { clock, said, end }
}

describe('ProgramEnd', () => {
  it('lets go at once when nothing was started', () => {
    expect(rig().end.holds()).toBe(false)
  })

  it('stops a program that is still starting as soon as it is there, once, and quits then', async () => {
    const { said, end } = rig()
    const [starting, stopping] = [
      Promise.withResolvers<{ stop(): Promise<void> }>(),
      Promise.withResolvers<undefined>(),
    ]
    end.watch(starting.promise)
    expect([end.holds(), end.holds()]).toEqual([true, true])
    await settle()
    expect(said).toEqual([])
    starting.resolve({
      stop: () => {
        said.push('stop')
        return stopping.promise
      },
    })
    await settle()
    expect(end.holds()).toBe(true)
    expect(said).toEqual(['stop'])
    stopping.resolve(undefined)
    await settle()
    expect(said).toEqual(['stop', 'quit'])
  })

  it('quits when the start fails, and when stopping fails', async () => {
    const failed = rig()
    failed.end.watch(Promise.reject(new Error('no disk')))
    failed.end.holds()
    await settle()
    expect(failed.said).toEqual(['quit'])
    const stuck = rig()
    stuck.end.watch(Promise.resolve({ stop: () => Promise.reject(new Error('worker gone')) }))
    stuck.end.holds()
    await settle()
    expect(stuck.said).toEqual(['program.stop-failed', 'quit'])
  })

  it.each(['start', 'stop'] as const)('exits at its deadline when the %s hangs, and says so', async (what) => {
    const { clock, said, end } = rig()
    const forever = Promise.withResolvers<never>().promise
    const late = Promise.withResolvers<undefined>()
    end.watch(what === 'start' ? forever : Promise.resolve({ stop: () => late.promise }))
    expect(end.holds()).toBe(true)
    await clock.advance(stopDeadlineMs - 1)
    expect(said).toEqual([])
    await clock.advance(1)
    expect(said).toEqual(['program.stop-timed-out', 'exit'])
    expect(end.holds()).toBe(false)
    late.resolve(undefined)
    await settle()
    expect(said).toHaveLength(2)
  })

  it('leaves no deadline behind after it stopped in time', async () => {
    const { clock, said, end } = rig()
    end.watch(Promise.resolve({ stop: () => Promise.resolve() }))
    end.holds()
    await clock.advance(2 * stopDeadlineMs)
    expect(said).toEqual(['quit'])
  })
})
