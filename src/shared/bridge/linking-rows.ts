/** Rows of the bridge about linking a device to an account. */
import { z } from 'zod'
import type { HistoryTransferView, LinkingView } from '../model/linking-views.ts'
import { method } from './method.ts'
import { accountId, aor, secretBytes } from './schema.ts'

export const linkingRows = {
  /** What runs, and histories on their way. */
  'linking.view': method<{ linking: LinkingView | null; transfers: readonly HistoryTransferView[] }>()(z.object({})),
  /** On the new device: shows code and picture for an account that another device has. */
  'linking.begin': method<void>()(
    z.object({
      aor,
      /** `host:port` of the account's replica; null = the home server of this computer. */
      server: z.string().max(300).nullable(),
    }),
  ),
  /** On the old device: what a QR code said, UTF-8. */
  'linking.readQr': method<void>()(z.object({ accountId, text: secretBytes }), true),
  /** On the old device: the eight digits that the new one shows. */
  'linking.enterCode': method<void>()(z.object({ accountId, code: secretBytes }), true),
  /** On the old device: hands over to the device whose name is shown. */
  'linking.confirm': method<void>()(z.object({})),
  /** Ends what runs; also puts away how it ended. */
  'linking.cancel': method<void>()(z.object({})),
  /** Stops a history on its way for good; what came stays. */
  'linking.stopTransfer': method<void>()(z.object({ accountId })),
} as const
