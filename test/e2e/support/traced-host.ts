/** The host under strace: every system call that can name a far end is written down, a file for each thread. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseSocketTrace, tracedCalls, type SocketUse } from './socket-trace.ts'

const host = path.resolve(import.meta.dirname, '../../../src/chromium-host/electron')

export interface TracedHost {
  /** Executable to start in place of the host; what it starts is followed, too. */
  readonly wrapper: string
  /** What each thread has named so far. */
  readonly uses: () => ReadonlyMap<string, readonly SocketUse[]>
}

/** Writes the wrapper and its traces into `folder`. */
export function traceHost(folder: string): TracedHost {
  const [trace, wrapper] = [path.join(folder, 'trace'), path.join(folder, 'traced-host')]
  mkdirSync(trace)
  const strace = `strace -ff -qq --seccomp-bpf -e trace=${tracedCalls} -o '${trace}/t'`
  writeFileSync(wrapper, `#!/bin/sh\nexec ${strace} '${host}' "$@"\n`)
  chmodSync(wrapper, 0o755)
  const read = (file: string): readonly SocketUse[] => parseSocketTrace(readFileSync(path.join(trace, file), 'utf8'))
  return { wrapper, uses: () => new Map(readdirSync(trace).map((file) => [file, read(file)])) }
}
