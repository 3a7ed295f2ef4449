import { spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { BrowserWindow } from '../window/browser-window.ts'
import type { PageSession } from '../window/page-session.ts'

export interface OpenDialogOptions {
  readonly title?: string
  readonly filters?: readonly { readonly name: string; readonly extensions: readonly string[] }[]
  readonly properties?: readonly string[]
}

export interface MessageBoxOptions {
  readonly message: string
  readonly detail?: string
  readonly buttons?: readonly string[]
  readonly cancelId?: number
}

/** Asks Chromium for its own file dialog from the preload's world; resolves the chosen File objects. */
function pickExpression({ filters = [], properties = [] }: OpenDialogOptions): string {
  const accept = filters.flatMap(({ extensions }) =>
    extensions.filter((name) => name !== '*').map((name) => `.${name}`),
  )
  const settings = {
    accept: accept.join(','),
    multiple: properties.includes('multiSelections'),
    folder: properties.includes('openDirectory'),
  }
  return `new Promise((resolve)=>{const s=${JSON.stringify(settings)};const input=document.createElement('input');
input.type='file';input.accept=s.accept;input.multiple=s.multiple;input.webkitdirectory=s.folder;
input.addEventListener('change',()=>resolve([...input.files]),{once:true});
input.addEventListener('cancel',()=>resolve([]),{once:true});input.click()})`
}

async function pathsOf(page: PageSession, listId: string): Promise<string[]> {
  const at = async (index: number): Promise<string | null> => {
    const { result } = await page.send('Runtime.callFunctionOn', {
      functionDeclaration: 'function(i){return this[i]}',
      objectId: listId,
      arguments: [{ value: index }],
    })
    if (result.objectId === undefined) return null
    return (await page.send('DOM.getFileInfo', { objectId: result.objectId })).path
  }
  const paths: string[] = []
  for (let found = await at(0); found !== null; found = await at(paths.length)) paths.push(found)
  return paths
}

async function showOpenDialog(
  window: BrowserWindow | OpenDialogOptions,
  given?: OpenDialogOptions,
): Promise<{ canceled: boolean; filePaths: string[] }> {
  const owner = window instanceof BrowserWindow ? window : BrowserWindow.getAllWindows()[0]
  const options = window instanceof BrowserWindow ? (given ?? {}) : window
  if (owner === undefined) throw new Error('An open dialog needs a window on this host.')
  const page = await owner.attached
  const listId = await page.evaluateIsolated(pickExpression(options), true)
  if (listId === null) return { canceled: true, filePaths: [] }
  const filePaths = await pathsOf(page, listId)
  page.tell('Runtime.releaseObject', { objectId: listId })
  return { canceled: filePaths.length === 0, filePaths }
}

export interface SaveDialogOptions {
  readonly title?: string
  /** Path that is suggested, and taken where the desktop has no such dialog. */
  readonly defaultPath?: string
  readonly filters?: readonly { readonly name: string; readonly extensions: readonly string[] }[]
}

/** What zenity printed: a path; null = cancelled. @throws Error if there is no zenity or no screen for it. */
function askZenityForPath(options: SaveDialogOptions): Promise<string | null> {
  const args = ['--file-selection', '--save', '--confirm-overwrite', `--filename=${options.defaultPath ?? ''}`]
  const title = options.title === undefined ? [] : [`--title=${options.title}`]
  return new Promise((resolve, reject) => {
    const child = spawn('zenity', [...args, ...title], { stdio: ['ignore', 'pipe', 'ignore'] })
    const pieces: Buffer[] = []
    child.stdout.on('data', (piece: Buffer) => pieces.push(piece))
    child.once('error', () => reject(new Error('This desktop has no file dialogs.')))
    child.once('exit', (code) => {
      const chosen = Buffer.concat(pieces).toString('utf8').replace(/\n$/, '')
      if (code === 0 && chosen !== '') resolve(chosen)
      else if (code === 1) resolve(null)
      else reject(new Error('The file dialog could not be shown.'))
    })
  })
}

/** Chromium has no dialog for a path to write to: zenity's where the desktop has it, else `defaultPath` itself. */
async function showSaveDialog(
  window: BrowserWindow | SaveDialogOptions,
  given?: SaveDialogOptions,
): Promise<{ canceled: boolean; filePath: string }> {
  const options = window instanceof BrowserWindow ? (given ?? {}) : window
  const { defaultPath } = options
  if (defaultPath === undefined || !path.isAbsolute(defaultPath))
    throw new TypeError('defaultPath must be an absolute path')
  try {
    const filePath = await askZenityForPath(options)
    return { canceled: filePath === null, filePath: filePath ?? '' }
  } catch {
    await mkdir(path.dirname(defaultPath), { recursive: true })
    return { canceled: false, filePath: defaultPath }
  }
}

/** zenity's exit codes: 0 = OK, 1 = cancel or closed. @throws Error if there is no zenity. */
function askZenity({ message, detail = '', buttons = ['OK'] }: MessageBoxOptions): Promise<number> {
  const [accept = 'OK', refuse] = buttons
  const kind = refuse === undefined ? ['--info'] : ['--question', `--cancel-label=${refuse}`]
  const text = detail === '' ? message : `${message}\n\n${detail}`
  return new Promise((resolve, reject) => {
    const child = spawn('zenity', [...kind, '--no-markup', `--ok-label=${accept}`, `--text=${text}`], {
      stdio: 'ignore',
    })
    child.once('error', () => reject(new Error('This desktop has no message boxes: ask in the page.')))
    child.once('exit', (code) => resolve(code === 0 ? 0 : 1))
  })
}

/** Message boxes with at most two buttons, where the desktop has zenity. @throws Error elsewhere. */
async function showMessageBox(
  window: BrowserWindow | MessageBoxOptions,
  given?: MessageBoxOptions,
): Promise<{ response: number; checkboxChecked: boolean }> {
  const options = window instanceof BrowserWindow ? given : window
  if (options === undefined) throw new TypeError('options are missing')
  if ((options.buttons?.length ?? 1) > 2) throw new Error('This host shows at most two buttons.')
  return { response: await askZenity(options), checkboxChecked: false }
}

/** `electron.dialog`. */
export const dialog = {
  showOpenDialog,
  showSaveDialog,
  showMessageBox,
  showErrorBox(title: string, content: string): void {
    process.stderr.write(`${title}: ${content}\n`)
    askZenity({ message: title, detail: content }).catch(() => undefined)
  },
}
