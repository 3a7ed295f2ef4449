import { readdirSync, readFileSync } from 'node:fs'

/** Browser profiles of the hosts that run on `data`: the folder's name holds the host's process id. */
export function chromiumProfiles(data: string): readonly string[] {
  const folders = new Set<string>()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const folder = /--user-data-dir=([^\0]+)/.exec(commandOf(pid))?.[1]
    const host = /sotto-chromium-(\d+)-/.exec(folder ?? '')?.[1]
    if (folder !== undefined && host !== undefined && commandOf(host).includes(data)) folders.add(folder)
  }
  return [...folders]
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
