import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { protocol } from '../protocol.ts'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.wav': 'audio/wav',
}

/** Content type by the file's ending; bytes where it is unknown. */
export function contentTypeOf(file: string): string {
  return types[path.extname(file).toLowerCase()] ?? 'application/octet-stream'
}

const folders = new Set<string>()

async function serve(request: Request): Promise<Response> {
  const file = fileURLToPath(`file://${new URL(request.url).pathname}`)
  const inside = [...folders].some((folder) => file.startsWith(folder + path.sep))
  if (!inside) return new Response(null, { status: 403 })
  try {
    return new Response(await readFile(file), { headers: { 'content-type': contentTypeOf(file) } })
  } catch {
    return new Response(null, { status: 404 })
  }
}

/** For `loadFile`: files of `folder` and below, nothing else. */
export function serveFiles(folder: string): void {
  folders.add(folder)
  if (!protocol.isProtocolHandled('file')) protocol.handle('file', serve)
}
