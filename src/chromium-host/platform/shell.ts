import { spawn } from 'node:child_process'
import path from 'node:path'

const allowed = new Set(['https:', 'mailto:'])

function openCommand(url: string): [string, string[]] {
  if (process.platform === 'darwin') return ['open', [url]]
  if (process.platform === 'win32') return ['rundll32', ['url.dll,FileProtocolHandler', url]]
  return ['xdg-open', [url]]
}

function folderCommand(file: string): [string, string[]] {
  if (process.platform === 'darwin') return ['open', ['-R', file]]
  if (process.platform === 'win32') return ['explorer', [`/select,${file}`]]
  return ['xdg-open', [path.dirname(file)]]
}

/** `electron.shell`; opens only web pages over TLS and mail addresses. */
export const shell = {
  /** Shows the folder of a file, on Linux without selecting the file; nothing happens on a desktop without a file manager. */
  showItemInFolder(file: string): void {
    if (!path.isAbsolute(file)) return
    const [command, args] = folderCommand(file)
    const child = spawn(command, args, { detached: true, stdio: 'ignore' })
    child.once('error', () => undefined)
    child.unref()
  },
  /** @throws Error for any other address, or if the desktop has no program for it. */
  async openExternal(address: string): Promise<void> {
    const url = URL.parse(address)
    if (url === null || !allowed.has(url.protocol)) throw new Error('Only https: and mailto: addresses are opened.')
    const [command, args] = openCommand(url.href)
    await new Promise<void>((resolve, reject) => {
      const child = spawn(command, args, { detached: true, stdio: 'ignore' })
      child.once('error', () => reject(new Error(`Cannot open the address: ${command} is missing.`)))
      child.once('spawn', () => {
        child.unref()
        resolve()
      })
    })
  },
}
