/** Names for files that came from somebody else. */

/** UTF-8 bytes of a name, its extension included; every common file system takes 255. */
const maxBytes = 200
/** An ending as people know them; whatever is longer is part of the name. */
const extensionPattern = /^(.+)\.([A-Za-z0-9]{1,10})$/u
/** Separators, what Windows has no names with, controls, and marks that turn the direction of what is read. */
const forbidden = /[\\/:*?"<>|\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu
const reserved = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])$/iu
const fallback = 'file'

/** A file name in two parts; `extension` without its dot, null for none. */
export interface FileName {
  readonly name: string
  readonly extension: string | null
}

/** A name that is one name on every system: no folder, nothing hidden, nothing that reads differently from what it is. */
export function safeFileName(received: string): FileName {
  const plain = trimmed(received.normalize('NFC').replaceAll(forbidden, ' '))
  const [, name, extension] = extensionPattern.exec(plain) ?? []
  const stem = trimmed(name ?? plain) || fallback
  const isReserved = reserved.test(stem.split('.')[0] ?? '')
  return { name: shortened(isReserved ? `_${stem}` : stem), extension: extension ?? null }
}

/** Dots in front hide a file, dots and blanks at the end are lost on Windows. */
function trimmed(name: string): string {
  return name.replaceAll(/\s+/gu, ' ').replaceAll(/^[\s.]+|[\s.]+$/gu, '')
}

/** Cut between characters, never inside one. */
function shortened(name: string): string {
  let [short, bytes] = ['', 0]
  for (const character of name) {
    bytes += Buffer.byteLength(character)
    if (bytes > maxBytes) break
    short += character
  }
  return short.trimEnd()
}
