/** Fetches the files that entries of other devices name, and has the replica erase those that were forgotten. */
import { SottoError } from '#shared/errors.ts'
import type { Aor, AttachmentId } from '#shared/model/ids.ts'
import { maxBlobBytes } from '#shared/replication/api.ts'
import type { ReplicaKeeperPort, WantedFile } from '#main/history/replica-port.ts'
import type { ReplicaBlobsPort } from '../client-ports.ts'
import type { ReplicaFilesPort } from './file-ports.ts'

export interface FileFetcherParts {
  readonly account: Aor
  readonly client: Pick<ReplicaBlobsPort, 'whichBlobs' | 'readBlob' | 'eraseBlobs'>
  readonly keeper: Pick<ReplicaKeeperPort, 'filesToSettle' | 'settleFiles'>
  readonly files: ReplicaFilesPort
}

/** A file that is asked for. */
export interface FileRequest {
  readonly id: AttachmentId
  readonly key: Uint8Array
  /** Hears of bytes of the sealed file: how many are here, of how many. */
  readonly progress?: (done: number, total: number) => void
  /** Throws where it was cancelled. */
  readonly check?: () => void
}

/** Larger files wait until they are asked for, bytes. */
const unaskedBytes = 16 * 1_048_576

export class FileFetcher {
  readonly #parts: FileFetcherParts
  readonly #fetching = new Map<AttachmentId, Promise<void>>()
  #running: Promise<void> | null = null
  #isDue = false
  #ended = false

  constructor(parts: FileFetcherParts) {
    this.#parts = parts
  }

  /** Settles in the background what can be settled now; what fails is tried again the next time. */
  wake(): void {
    this.#isDue = true
    this.#running ??= this.#run().finally(() => {
      this.#running = null
    })
  }

  /** Ends after the part that is being fetched. */
  async stop(): Promise<void> {
    this.#ended = true
    await this.#running
    await Promise.allSettled(this.#fetching.values())
  }

  /**
   * Fetches one file; durable when it resolves. Whoever asks for it meanwhile waits for the same.
   * @throws SottoError `file-not-there-yet`, `file-damaged`, `cancelled`, and whatever keeps the server from being reached.
   */
  fetch(request: FileRequest): Promise<void> {
    const { id } = request
    const running = this.#fetching.get(id)
    if (running !== undefined) return running
    const fetching = this.#fetch(request).finally(() => this.#fetching.delete(id))
    this.#fetching.set(id, fetching)
    return fetching
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    try {
      while (this.#isDue && !this.#ended) {
        this.#isDue = false
        await this.#settleAll()
      }
    } catch {
      // Offline, or a disk that is full: whoever is looked at next says so.
    }
  }

  async #settleAll(): Promise<void> {
    const { account, keeper, client } = this.#parts
    for (let after: string | null = ''; after !== null && !this.#ended;) {
      const found = await keeper.filesToSettle(account, after)
      if (found.erased.length > 0) {
        await client.eraseBlobs(found.erased)
        await keeper.settleFiles(account, found.erased)
      }
      await this.#settle(found.wanted)
      after = found.next
    }
  }

  async #settle(wanted: readonly WantedFile[]): Promise<void> {
    const { account, keeper, client } = this.#parts
    const missing: WantedFile[] = []
    for (const file of wanted) {
      if (await this.#isHere(file.id)) await keeper.settleFiles(account, [file.id])
      else if (file.size <= unaskedBytes) missing.push(file)
    }
    if (missing.length === 0) return
    const states = await client.whichBlobs(missing.map(({ id }) => id))
    for (const [i, file] of missing.entries()) {
      if (this.#ended) return
      if (states[i]?.whole === true) await this.#fetchWanted(file)
    }
  }

  async #fetchWanted({ id, row }: WantedFile): Promise<void> {
    const { account, keeper, files } = this.#parts
    const shown = await files.shown(row)
    try {
      // Of two devices that received the same file, the row shows one's.
      if (shown?.id === id) await this.fetch({ id, key: shown.key })
      await keeper.settleFiles(account, [id])
    } catch (error) {
      if (!(error instanceof SottoError)) throw error
      // It is fetched again only when somebody asks for it, who hears the reason.
      if (error.code === 'file-damaged') await keeper.settleFiles(account, [id])
      else if (error.code !== 'file-not-there-yet') throw error
    } finally {
      shown?.key.fill(0)
    }
  }

  async #isHere(id: AttachmentId): Promise<boolean> {
    return (await this.#parts.files.read(id, 0, 0)) !== null
  }

  async #fetch({ id, key, progress, check }: FileRequest): Promise<void> {
    if (await this.#isHere(id)) return
    await this.#fetchParts(id, { progress, check })
    const { account, files, keeper } = this.#parts
    try {
      await files.finish(id, key)
    } catch (error) {
      if (error instanceof SottoError && error.code === 'invalid-argument') throw new SottoError('file-damaged')
      throw error
    }
    await keeper.settleFiles(account, [id])
  }

  async #fetchParts(
    id: AttachmentId,
    { progress, check }: { progress: FileRequest['progress']; check: FileRequest['check'] },
  ): Promise<void> {
    const { client, files } = this.#parts
    for (let at = await files.begun(id); ;) {
      check?.()
      if (this.#ended) throw new SottoError('cancelled')
      const part = await client.readBlob(id, at)
      if (part === null) throw new SottoError('file-not-there-yet')
      if (part.size > maxBlobBytes || at + part.bytes.length > part.size) throw new SottoError('server-refused')
      if (part.bytes.length > 0) await files.append(id, at, part.bytes)
      at += part.bytes.length
      progress?.(at, part.size)
      if (at === part.size) return
      if (part.bytes.length === 0) throw new SottoError('server-refused')
    }
  }
}
