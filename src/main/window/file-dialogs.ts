/** The desktop's file dialogs; where it has none for saving, a free name in the user's documents. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { app, dialog, shell } from 'electron'
import type { MainStrings } from './strings.ts'

/** Names that are tried before giving up. */
const maxNames = 1000

export interface FileDialogs {
  save(suggestion: { readonly name: string; readonly extension: string | null }): Promise<string | null>
  open(): Promise<string | null>
  reveal(file: string): void
}

export function fileDialogs(strings: () => MainStrings): FileDialogs {
  return {
    save: async ({ name, extension }) => {
      const suggested = freeName(app.getPath('documents'), name, extension)
      const filters = extension === null ? [] : [{ name: extension, extensions: [extension] }]
      const options = { title: strings().exportTitle, defaultPath: suggested, filters }
      const answer = await dialog.showSaveDialog(options)
      if (answer.canceled || answer.filePath === '') return null
      return withExtension(answer.filePath, extension)
    },
    open: async () => {
      const { canceled, filePaths } = await dialog.showOpenDialog({
        title: strings().importTitle,
        properties: ['openFile'],
      })
      return canceled ? null : (filePaths[0] ?? null)
    },
    reveal: (file) => shell.showItemInFolder(file),
  }
}

function withExtension(file: string, extension: string | null): string {
  return extension === null || path.extname(file) !== '' ? file : `${file}.${extension}`
}

/** `name`, or `name (2)`, …: what is there is never suggested to be replaced. */
export function freeName(folder: string, name: string, extension: string | null): string {
  const end = extension === null ? '' : `.${extension}`
  for (let number = 1; number < maxNames; number++) {
    const file = path.join(folder, `${name}${number === 1 ? '' : ` (${number})`}${end}`)
    if (!existsSync(file)) return file
  }
  return path.join(folder, `${name}${end}`)
}
