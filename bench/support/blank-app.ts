import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A window with nothing in it on the same host: what an app costs before it does anything. */
export function blankApp(): { readonly main: string; readonly remove: () => void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'sotto-blank-'))
  const main = path.join(folder, 'main.mjs')
  writeFileSync(
    path.join(folder, 'package.json'),
    '{"name":"blank","version":"0.0.0","type":"module","main":"main.mjs"}',
  )
  writeFileSync(
    main,
    `import { app, BrowserWindow, protocol } from 'electron'
protocol.registerSchemesAsPrivileged([{ scheme: 'sotto', privileges: { standard: true, secure: true } }])
app.setPath('userData', ${JSON.stringify(folder)})
await app.whenReady()
const page = '<!doctype html><title>blank</title><div id="root">blank</div>'
protocol.handle('sotto', () => new Response(page, { headers: { 'content-type': 'text/html' } }))
const window = new BrowserWindow({ width: 1040, height: 720, webPreferences: { contextIsolation: true, sandbox: true } })
window.loadURL('sotto://app/index.html')
`,
  )
  return { main, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
