import type { ReplicaMetricsPort } from './metrics-port.ts'

/** What is there right now. */
export interface ReplicaGauges {
  readonly requestsAtWork: number
  readonly listeners: number
  /** Erasures of accounts that would be done again after a backup, and whether their list can be written. */
  readonly listedErasures: number
  readonly hasErasureList: boolean
}

/** Counters in the text format of Prometheus; no label says who did something. */
export class ReplicaMetrics implements ReplicaMetricsPort {
  readonly #answers = new Map<string, number>()
  #batches = 0
  #storedBytes = 0
  #readBytes = 0
  #blobs = 0
  #storedBlobBytes = 0
  #readBlobBytes = 0
  #erasedAgain = 0
  #isListLost = false

  answered(route: string, status: number): void {
    const labels = `route="${route.replaceAll(/[^A-Za-z /*]/g, '')}",status="${status}"`
    this.#answers.set(labels, (this.#answers.get(labels) ?? 0) + 1)
  }

  stored(bytes: number): void {
    this.#batches += 1
    this.#storedBytes += bytes
  }

  read(bytes: number): void {
    this.#readBytes += bytes
  }

  storedBlob(bytes: number, isWhole: boolean): void {
    this.#blobs += Number(isWhole)
    this.#storedBlobBytes += bytes
  }

  readBlob(bytes: number): void {
    this.#readBlobBytes += bytes
  }

  erasedAgain(accounts: number, isListLost: boolean): void {
    this.#erasedAgain += accounts
    this.#isListLost = isListLost
  }

  text(gauges: ReplicaGauges): string {
    const answers = [...this.#answers].map(([labels, count]) => `sotto_replica_answers_total{${labels}} ${count}`)
    const lines = [
      ...['# TYPE sotto_replica_answers_total counter', ...answers],
      ...counter('stored_batches_total', this.#batches),
      ...counter('stored_bytes_total', this.#storedBytes),
      ...counter('read_bytes_total', this.#readBytes),
      ...counter('stored_blobs_total', this.#blobs),
      ...counter('stored_blob_bytes_total', this.#storedBlobBytes),
      ...counter('read_blob_bytes_total', this.#readBlobBytes),
      ...gauge('requests_at_work', gauges.requestsAtWork),
      ...gauge('listeners', gauges.listeners),
      ...counter('erased_again_accounts_total', this.#erasedAgain),
      ...gauge('listed_erasures', gauges.listedErasures),
      ...gauge('erasure_list_there', Number(gauges.hasErasureList)),
      ...gauge('erasure_list_lost', Number(this.#isListLost)),
    ]
    return `${lines.join('\n')}\n`
  }
}

const counter = (name: string, value: number): string[] => sample('counter', name, value)
const gauge = (name: string, value: number): string[] => sample('gauge', name, value)
const sample = (type: string, name: string, value: number): string[] => [
  `# TYPE sotto_replica_${name} ${type}`,
  `sotto_replica_${name} ${value}`,
]
