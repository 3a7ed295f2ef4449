/** Lets a thread that works for long give way to those that somebody waits for. */
import { readlinkSync } from 'node:fs'
import { constants, setPriority } from 'node:os'

/** The calling thread comes after the others of this computer user from now on; where only processes have priorities nothing changes. */
export function giveWay(): void {
  const id = threadId()
  if (id === null) return
  try {
    setPriority(id, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // A system that forbids it: the work is done as fast as anything else.
  }
}

/** Linux schedules threads one by one, by their number; Node knows only its own. */
export function threadId(): number | null {
  try {
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1))
  } catch {
    return null
  }
}
