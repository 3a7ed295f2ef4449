/** For looking into a call: set SOTTO_MATRIX_KEEP to a folder. */
import { cp, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { RealPhone } from './phone.ts'

export async function keepFiles(name: string, phone: RealPhone): Promise<void> {
  const folder = process.env.SOTTO_MATRIX_KEEP
  if (folder === undefined) return
  const own = join(folder, `${name.replaceAll(' ', '-')}-${basename(phone.folder)}`)
  await cp(phone.folder, own, { recursive: true })
  await writeFile(join(own, 'log'), phone.log())
}
