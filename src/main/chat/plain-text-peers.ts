import { z } from 'zod'
import type { ConversationId } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { HistoryReaderPort, HistoryWriterPort } from '#main/history/port.ts'
import { plainTextMemoryMs } from './limits.ts'

const settingKey = 'chat.plain-text-peers'
const maxRemembered = 5_000
const stored = z.record(z.string(), z.number())

/** Remembers which peers answered that they take no CPIM, so that the next message is plain at once. */
export class PlainTextPeers {
  readonly #ports: {
    readonly writer: HistoryWriterPort
    readonly reader: HistoryReaderPort
    readonly clock: ClockPort
  }
  #since = new Map<string, number>()

  constructor(ports: {
    readonly writer: HistoryWriterPort
    readonly reader: HistoryReaderPort
    readonly clock: ClockPort
  }) {
    this.#ports = ports
  }

  async start(): Promise<void> {
    const json = await this.#ports.reader.setting(settingKey)
    if (json !== null) this.#since = new Map(Object.entries(stored.parse(JSON.parse(json))))
  }

  /** Whether to send plain text; after a while CPIM is tried again, as the peer may have got another program. */
  has(conversation: ConversationId): boolean {
    const since = this.#since.get(conversation)
    return since !== undefined && this.#ports.clock.now() - since < plainTextMemoryMs
  }

  async add(conversation: ConversationId): Promise<void> {
    this.#since.set(conversation, this.#ports.clock.now())
    const [oldest] = this.#since.keys()
    if (this.#since.size > maxRemembered && oldest !== undefined) this.#since.delete(oldest)
    await this.#save()
  }

  /** The peer sent CPIM itself. */
  async remove(conversation: ConversationId): Promise<void> {
    if (this.#since.delete(conversation)) await this.#save()
  }

  #save(): Promise<void> {
    return this.#ports.writer.setSetting(settingKey, JSON.stringify(Object.fromEntries(this.#since)))
  }
}
