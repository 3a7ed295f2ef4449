/** Linking devices in the fake bridge: what a test lets happen on either side. */
import type { BridgeArgs, BridgeName, BridgeResult } from '#shared/bridge/table.ts'
import type { BridgeReply } from '#shared/bridge/api.ts'
import type { BridgeEvents } from '#shared/bridge/events.ts'
import type { ErrorCode } from '#shared/errors.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import type { HistoryTransferView, LinkingView } from '#shared/model/linking-views.ts'

type Row = Extract<BridgeName, `linking.${string}`>
type Reply<N extends BridgeName> = BridgeResult<N> | BridgeReply<BridgeResult<N>>
type Rows = { readonly [N in Row]: (args: BridgeArgs<N>) => Reply<N> }

/** What the picture of the fake says; as long as a real one. */
export const shownText = `sotto-link:1:${'Q7f-Kx_4'.repeat(16)}`
/** The digits that the fake shows, and the only ones it takes. */
export const shownCode = '40718253'

const failed = (code: ErrorCode) => ({ ok: false, code, params: {} }) as const
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

export class FakeLinking {
  readonly #emit: (event: BridgeEvents['linking.changed']) => void
  readonly #link: (aor: Aor) => AccountId
  #linking: LinkingView | null = null
  #transfers: readonly HistoryTransferView[]

  constructor(parts: {
    readonly emit: (event: BridgeEvents['linking.changed']) => void
    /** The account is here, as after linking. */
    readonly link: (aor: Aor) => AccountId
    readonly transfers: readonly HistoryTransferView[]
  }) {
    this.#emit = parts.emit
    this.#link = parts.link
    this.#transfers = parts.transfers
  }

  #show(linking: LinkingView | null, transfers = this.#transfers): void {
    this.#linking = linking
    this.#transfers = transfers
    this.#emit({ linking, transfers })
  }

  /** The side that runs goes on in main; with `done` on the new one the account is there. */
  move(state: string, over: object = {}): void {
    if (this.#linking === null) throw new Error('nothing is being linked')
    const moved = { ...this.#linking, state, ...over } as LinkingView
    if (moved.side === 'new' && moved.state === 'done') {
      const accountId = this.#link(moved.account)
      const history = { accountId, doing: 'taking', device: 'Alice’s laptop', done: 1200, total: 8421 } as const
      this.#show({ ...moved, qr: null, code: null, accountId }, [{ ...history, error: null }])
    } else this.#show(moved)
  }

  readonly rows: Rows = {
    'linking.view': () => ({ linking: this.#linking, transfers: this.#transfers }),
    'linking.begin': ({ aor }) => {
      const shown = { qr: shownText, code: shownCode, expiresAt: Date.now() + 120_000 }
      this.#show({
        side: 'new',
        account: `sip:${aor}` as Aor,
        state: 'showing',
        ...shown,
        error: null,
        accountId: null,
      })
    },
    'linking.readQr': (args) => this.#find(args.accountId, text(args.text) === shownText, 'link-qr-invalid'),
    'linking.enterCode': (args) => this.#find(args.accountId, text(args.code) === shownCode, 'link-not-found'),
    'linking.confirm': () => this.move('handing-over'),
    'linking.cancel': () => this.#show(null),
    'linking.stopTransfer': ({ accountId }) =>
      this.#show(
        this.#linking,
        this.#transfers.filter((transfer) => transfer.accountId !== (accountId as AccountId)),
      ),
  }

  #find(accountId: string, right: boolean, wrong: ErrorCode) {
    if (!right) return failed(wrong)
    const found = { accountId: accountId as AccountId, device: 'Tablet in the kitchen', error: null }
    this.#show({ side: 'old', state: 'asking', ...found })
  }
}
