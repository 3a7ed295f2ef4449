/** What exports lay down outside the profile before they have their name: written down first, so that the next start finds what a crash left. */
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { syncDirectory } from '#main/platform/atomic-file.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { ArchivePorts } from './archive-port.ts'
import { isTemporary, temporaryOf } from './write/export-file.ts'

/** Paths of exports that may be unfinished. */
export const unfinishedSetting = 'archive.unfinished'
/** More are not remembered: each is of a crash whose disk has not been here since. */
const maxPaths = 16
const pathsSchema = z.array(z.string()).max(maxPaths)

export class UnfinishedExports {
  readonly #ports: Pick<ArchivePorts, 'reader' | 'writer'> & { readonly log: LogPort }

  constructor(ports: Pick<ArchivePorts, 'reader' | 'writer'> & { readonly log: LogPort }) {
    this.#ports = ports
  }

  /** Before the first byte of an export to `target`; durable when it resolves. @throws SottoError `disk-full`, `disk-failed`. */
  async begin(target: string): Promise<void> {
    const temporary = temporaryOf(target)
    const others = (await this.#load()).filter((file) => file !== temporary)
    await this.#save([...others, temporary].slice(-maxPaths))
  }

  /** After an export to `target`, whatever became of it. */
  async end(target: string): Promise<void> {
    const temporary = temporaryOf(target)
    if (existsSync(temporary)) return
    await this.#save((await this.#load()).filter((file) => file !== temporary))
  }

  /** Removes what earlier runs left; what lies on a disk that is not here waits. Never rejects. */
  async sweep(): Promise<void> {
    try {
      const files = await this.#load()
      const left = []
      for (const file of files) if (!(await this.#remove(file))) left.push(file)
      if (left.length < files.length) await this.#save(left)
    } catch {
      this.#ports.log.warn('archive.sweep-failed')
    }
  }

  async #remove(file: string): Promise<boolean> {
    if (!isTemporary(file)) return true
    const folder = path.dirname(file)
    if (!existsSync(folder)) return false
    try {
      await rm(file, { recursive: true, force: true })
      await syncDirectory(folder)
      return true
    } catch {
      this.#ports.log.warn('archive.unfinished-stays')
      return false
    }
  }

  async #load(): Promise<readonly string[]> {
    const json = await this.#ports.reader.setting(unfinishedSetting)
    const parsed = json === null ? null : pathsSchema.safeParse(JSON.parse(json))
    return parsed?.success === true ? parsed.data : []
  }

  async #save(files: readonly string[]): Promise<void> {
    const valueJson = files.length === 0 ? null : JSON.stringify(files)
    await this.#ports.writer.commit({ settings: [{ key: unfinishedSetting, valueJson }] })
  }
}
