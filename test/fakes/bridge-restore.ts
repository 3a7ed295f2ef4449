/** Restoring in the fake bridge: one paper that opens, and a server that a test lets answer. */
import type { BridgeReply } from '#shared/bridge/api.ts'
import type { BridgeArgs, BridgeName, BridgeResult } from '#shared/bridge/table.ts'
import type { ErrorCode } from '#shared/errors.ts'
import type { AccountId } from '#shared/model/ids.ts'
import type { ChainBranchView } from '#shared/model/replication-views.ts'

type Row = Extract<BridgeName, `restore.${string}`>
type Reply<N extends BridgeName> = BridgeResult<N> | BridgeReply<BridgeResult<N>>
type Rows = { readonly [N in Row]: (args: BridgeArgs<N>) => Reply<N> | Promise<Reply<N>> }

const failed = (code: ErrorCode, params: Readonly<Record<string, number>> = {}) =>
  ({ ok: false, code, params }) as const

export class FakeRestore {
  readonly #parts: { readonly words: string; readonly restore: (aor: string, displayName: string) => AccountId }
  #waiting: ((reply: ReturnType<typeof failed>) => void) | null = null
  /** The server does not answer. */
  isSlow = false
  /** Of a list of devices in two versions. */
  branches: readonly ChainBranchView[] = []
  /** The list is in one version by now, which is another than the picked one. */
  isSettledOtherwise = false

  constructor(parts: { readonly words: string; readonly restore: (aor: string, displayName: string) => AccountId }) {
    this.#parts = parts
  }

  readonly rows: Rows = {
    'restore.begin': ({ aor, displayName, words, branch }) => {
      const typed = new TextDecoder().decode(words)
      const count = typed.split(' ').length
      if (count !== this.#parts.words.split(' ').length) return failed('paper-words-count', { count })
      if (this.isSlow) return new Promise((resolve) => (this.#waiting = resolve))
      if (typed !== this.#parts.words) return failed('restore-nothing')
      if (this.isSettledOtherwise && branch !== null) return failed('restore-pick-gone')
      if (this.branches.length > 0 && this.branches.every(({ key }) => key !== branch))
        return { kind: 'forked', branches: this.branches }
      return { kind: 'restored', accountId: this.#parts.restore(`sip:${aor}`, displayName) }
    },
    'restore.cancel': () => this.#waiting?.(failed('cancelled')),
  }
}
