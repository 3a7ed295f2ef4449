import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { protocol } from 'electron'
import { appScheme, bundlePathOf, mimeTypeOf, pageHeaders } from './security.ts'

/** Must run before the app is ready. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: appScheme, privileges: { standard: true, secure: true, supportFetchAPI: false } },
  ])
}

/** Serves the renderer's bundle from `folder` under our scheme, with the security headers. */
export function serveApp(folder: string): void {
  protocol.handle(appScheme, async (request) => {
    const file = bundlePathOf(request.url)
    const type = file === null ? null : mimeTypeOf(file)
    if (file === null || type === null) return new Response(null, { status: 404, headers: { ...pageHeaders } })
    try {
      const bytes = await readFile(path.join(folder, file))
      return new Response(bytes, { status: 200, headers: { ...pageHeaders, 'content-type': type } })
    } catch {
      // Only files of the bundle are asked for: a missing one is a 404, whatever the reason.
      return new Response(null, { status: 404, headers: { ...pageHeaders } })
    }
  })
}
