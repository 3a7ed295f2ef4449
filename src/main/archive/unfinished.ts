/** What is laid down outside the profile before it has its name: written down first, so that the next start finds what a crash left. */
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { syncDirectory } from '#main/platform/atomic-file.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { ArchivePorts } from './archive-port.ts'
import { isTemporary, temporaryOf } from './write/export-file.ts'

/** Paths of exports and saved files that may be unfinished. */
export const unfinishedSetting = 'archive.unfinished'
/** More are not remembered: each is of a crash whose disk has not been here since. */
const maxPaths = 16
const pathsSchema = z.array(z.string()).max(maxPaths)

export class UnfinishedExports {
  readonly #ports: Pick<ArchivePorts, 'reader' | 'writer'> & { readonly log: LogPort }
  /** One change of the list after the other. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(ports: Pick<ArchivePorts, 'reader' | 'writer'> & { readonly log: LogPort }) {
    this.#ports = ports
  }

  /**
   * Before the first byte for `target`; durable when it resolves, with the name to write under. @throws SottoError `disk-full`,
   * `disk-failed`.
   */
  async begin(target: string): Promise<string> {
    const temporary = temporaryOf(target)
    await this.#change((files) => [...files.filter((file) => file !== temporary), temporary].slice(-maxPaths))
    return temporary
  }

  /** After all is written to `target`, whatever became of it. */
  async end(target: string): Promise<void> {
    const temporary = temporaryOf(target)
    if (existsSync(temporary)) return
    await this.#change((files) => files.filter((file) => file !== temporary))
  }

  /** Removes what earlier runs left; what lies on a disk that is not here waits. What begins meanwhile waits for it. Never rejects. */
  sweep(): Promise<void> {
    const swept = this.#turn.then(() => this.#sweep()).catch(() => this.#ports.log.warn('archive.sweep-failed'))
    this.#turn = swept
    return swept
  }

  async #sweep(): Promise<void> {
    const files = await this.#load()
    const left: string[] = []
    for (const file of files) if (!(await this.#remove(file))) left.push(file)
    if (left.length < files.length) await this.#save(left)
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

  #change(change: (files: readonly string[]) => readonly string[]): Promise<void> {
    const changed = this.#turn.then(async () => this.#save(change(await this.#load())))
    this.#turn = changed.catch(() => undefined)
    return changed
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
