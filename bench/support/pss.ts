import { readdirSync, readFileSync } from 'node:fs'

function parentOf(pid: string): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? null
  } catch {
    return null
  }
}

/** Process ids of `root` and everything under it; `leaveOut` names command lines that do not count. */
export function processTree(root: number, leaveOut: RegExp): readonly string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const parents = new Map(pids.map((pid) => [pid, parentOf(pid)]))
  const under = (pid: string | null): boolean =>
    pid !== null && (pid === String(root) || under(parents.get(pid) ?? null))
  return pids.filter((pid) => {
    if (!under(pid)) return false
    try {
      return !leaveOut.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
    } catch {
      return false
    }
  })
}

/** Proportional set size of processes, bytes: shared pages counted once over all of them. */
export function pssBytes(pids: readonly string[]): number {
  let total = 0
  for (const pid of pids) {
    try {
      const kib = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]
      total += Number(kib ?? 0) * 1024
    } catch {
      // Ended meanwhile.
    }
  }
  return total
}
