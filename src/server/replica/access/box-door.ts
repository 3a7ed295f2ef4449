import type { BoxAnswer, BoxRecipient, BoxStore, EpochBox } from './chain-store.ts'
import type { AcceptedRequest } from './request-gate.ts'
import { deviceIdText, type ChainState } from '#shared/identity/device-chain.ts'
import { err, ok, type Result } from '#shared/result.ts'

/** Why boxes are not stored. `unknown-recipient`, `unknown-epoch`: the chain has none such. `quota`: too many, or one too large. */
export type BoxRefusal = 'unknown-recipient' | 'unknown-epoch' | 'quota'

/** Keeps the keys of epochs, each sealed to one recipient. */
export class BoxDoor {
  readonly #store: BoxStore

  constructor(store: BoxStore) {
    this.#store = store
  }

  /**
   * Stores boxes of epochs that the chain has: an epoch's link comes first, or the boxes of a link that lost a race would stay in the
   * place of those of the link that won.
   * @throws for a request that is not for writing.
   */
  async put(
    { account, use, chain: { state } }: AcceptedRequest,
    boxes: readonly EpochBox[],
  ): Promise<Result<readonly BoxAnswer[], BoxRefusal>> {
    if (use !== 'write') throw new Error('broken invariant: boxes are put by requests for writing')
    if (!boxes.every(({ epoch }) => isEpochOf(state, epoch))) return err('unknown-epoch')
    if (!boxes.every(({ recipient }) => isRecipient(state, recipient))) return err('unknown-recipient')
    const answers = await this.#store.putBoxes(account, boxes)
    return answers === 'quota' ? err(answers) : ok(answers)
  }

  /** @throws for a request that is not for reading. */
  list({ account, use }: AcceptedRequest, recipient: BoxRecipient): ReturnType<BoxStore['boxes']> {
    if (use !== 'read') throw new Error('broken invariant: boxes are listed by requests for reading')
    return this.#store.boxes(account, recipient)
  }
}

function isEpochOf({ epoch: newest }: ChainState, epoch: number): boolean {
  return Number.isInteger(epoch) && epoch >= 1 && epoch <= newest
}

/** Revoked devices get no more keys. */
function isRecipient({ devices }: ChainState, recipient: BoxRecipient): boolean {
  return recipient === 'paper' || devices.get(deviceIdText(recipient))?.revokedAt === null
}
