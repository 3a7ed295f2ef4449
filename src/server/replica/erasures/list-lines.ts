/** The lines of a list of erasures: a head with its key, then one for each thing that was said. */

/** `erased`: an account was. `kept`: a device said that it is not to be. */
export type ListKind = 'erased' | 'kept'

export interface Line {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly kind: ListKind
  /** HMAC-SHA-256 of the account under the list's key, base64url. */
  readonly name: string
}

const headPattern = /^sotto-erasures 1 ([A-Za-z0-9_-]{43})$/
const linePattern = /^(\d{1,15}) (erased|kept) ([A-Za-z0-9_-]{43})$/

/** With `key`, a whole file. */
export function encodeList(lines: readonly Line[], key: string | null = null): string {
  const head = key === null ? [] : [`sotto-erasures 1 ${key}`]
  return [...head, ...lines.map(({ at, kind, name }) => `${at} ${kind} ${name}`)].map((line) => `${line}\n`).join('')
}

/** @throws Error for what is no list; what a power cut left of a last line is left out. */
export function parseList(text: string): { readonly key: string; readonly lines: readonly Line[] } {
  const [head = '', ...rest] = text.split('\n').slice(0, -1)
  const key = headPattern.exec(head)?.[1]
  if (key === undefined) throw new Error('this file is no list of erasures')
  const lines = rest.flatMap((line) => {
    const [, at, kind, name] = linePattern.exec(line) ?? []
    return name === undefined ? [] : [{ at: Number(at), kind: kind as ListKind, name }]
  })
  return { key, lines }
}
