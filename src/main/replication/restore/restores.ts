/** Restoring accounts from their paper secrets, one at a time, as the screen asks for it. */
import { SottoError } from '#shared/errors.ts'
import type { PaperInUse } from '#shared/identity/chain-ports.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import type { SipTransport } from '#shared/model/views.ts'
import type { RestoreAnswer } from '#shared/model/replication-views.ts'
import { branchViews } from '../replica-view.ts'
import { PaperChainForked } from './paper-chain.ts'
import type { ReplicaAddress } from '../client-ports.ts'
import { restoreFromPaper, type RestorePorts } from './restore-from-paper.ts'

/** What the person typed. */
export interface RestoreQuestion {
  readonly aor: Aor
  readonly displayName: string
  /** Of the paper secret, UTF-8; the caller's to wipe. */
  readonly words: Uint8Array
  /** With which the account signs in; null where nobody knows it any more. The caller's to wipe. */
  readonly password: Uint8Array | null
  /** Of a list of devices in two versions, the one that counts, as the answer before named it; null = none was. */
  readonly branch: string | null
  /** `host:port` of the account's replica; null = the home server of this computer. */
  readonly replica: string | null
  readonly transport: SipTransport | null
  /** Of the account, where it is no home server's. */
  readonly server: string | null
}

/** The server that keeps the history. */
export interface FoundServer {
  readonly address: ReplicaAddress
}

export interface RestoresPorts<Found extends FoundServer> extends RestorePorts {
  /** @throws SottoError for words that are no paper secret. */
  readonly openPaper: (words: Uint8Array) => PaperInUse
  readonly isHere: (account: Aor) => boolean
  /** @throws SottoError `invalid-argument`, `server-unreachable`, `home-server-failed`. */
  readonly find: (question: RestoreQuestion) => Promise<Found>
  /** Makes the account, whose identity and keys are here by now, one of this profile, and lets its history come. */
  readonly take: (question: RestoreQuestion, found: Found) => Promise<AccountId>
}

export class Restores<Found extends FoundServer = FoundServer> {
  readonly #ports: RestoresPorts<Found>
  #running: AbortController | null = null

  constructor(ports: RestoresPorts<Found>) {
    this.#ports = ports
  }

  /** Resolves when identity and keys are here; the history follows. @throws SottoError, also `account-exists`, `cancelled`. */
  async begin(question: RestoreQuestion): Promise<RestoreAnswer> {
    if (this.#running !== null) throw new SottoError('busy')
    const running = new AbortController()
    this.#running = running
    try {
      return await this.#run(question, running.signal)
    } finally {
      this.#running = null
    }
  }

  /** As long as the server has not got this device. */
  cancel(): void {
    this.#running?.abort()
  }

  async #run(question: RestoreQuestion, signal: AbortSignal): Promise<RestoreAnswer> {
    const { openPaper, isHere, find, take } = this.#ports
    const { aor: account, branch } = question
    if (isHere(account)) throw new SottoError('account-exists')
    const paper = openPaper(question.words)
    try {
      const found = await find(question)
      await restoreFromPaper(this.#ports, { account, address: found.address, paper, branch, signal })
      return { kind: 'restored', accountId: await take(question, found) }
    } catch (error) {
      if (!(error instanceof PaperChainForked)) throw error
      return { kind: 'forked', branches: branchViews(error.chain, null) }
    } finally {
      paper.wipe()
    }
  }
}
