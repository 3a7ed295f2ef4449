/** The desktop's file dialogs; where it has none for saving, a free name in the user's documents. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { app, dialog, shell } from 'electron'
import type { MainStrings } from './strings.ts'

/** Names that are tried before giving up. */
const maxNames = 1000

export interface FileDialogs {
  save(suggestion: { readonly name: string; readonly extension: string | null }): Promise<string | null>
  /** As {@link save}, for a file of a conversation: in the user's downloads. */
  saveFile(suggestion: { readonly name: string; readonly extension: string | null }): Promise<string | null>
  open(): Promise<string | null>
  reveal(file: string): void
}

export function fileDialogs(strings: () => MainStrings): FileDialogs {
  return {
    save: (suggestion) => askWhere(strings().exportTitle, app.getPath('documents'), suggestion),
    saveFile: (suggestion) => askWhere(strings().saveTitle, app.getPath('downloads'), suggestion),
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

async function askWhere(
  title: string,
  folder: string,
  { name, extension }: { readonly name: string; readonly extension: string | null },
): Promise<string | null> {
  const filters = extension === null ? [] : [{ name: extension, extensions: [extension] }]
  const { canceled, filePath } = await dialog.showSaveDialog({
    ...{ title, filters },
    defaultPath: freeName(folder, name, extension),
  })
  return canceled || filePath === '' ? null : withExtension(filePath, extension)
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
