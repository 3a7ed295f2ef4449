import { readFile } from 'node:fs/promises'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { contentTypeOf } from '../window/file-scheme.ts'

function isOnline(): boolean {
  return Object.values(os.networkInterfaces()).some(
    (addresses) => addresses?.some(({ internal }) => !internal) ?? false,
  )
}

/** `electron.net`: whether there is any network, and files as responses. Fetching from a network is refused. */
export const net = {
  isOnline,
  get online(): boolean {
    return isOnline()
  },
  async fetch(address: string | URL | Request): Promise<Response> {
    const url = new URL(address instanceof Request ? address.url : address)
    if (url.protocol !== 'file:') throw new Error('net.fetch serves files only on this host.')
    const file = fileURLToPath(url)
    return new Response(await readFile(file), { headers: { 'content-type': contentTypeOf(file) } })
  },
}
