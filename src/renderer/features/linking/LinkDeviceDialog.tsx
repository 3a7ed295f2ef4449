import { useCallback, useState } from 'react'
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components'
import type { BridgeReply } from '#shared/bridge/api.ts'
import type { AccountId } from '#shared/model/ids.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { attempt, withSecret } from '#renderer/stores/actions.ts'
import { useLinking } from '#renderer/stores/linking-store.ts'
import { Dialog } from '#renderer/ui/Dialog.tsx'
import { Working } from '#renderer/ui/Feedback.tsx'
import { segmentClass, segmentsClass } from '#renderer/ui/segments.ts'
import { CameraReader } from './CameraReader.tsx'
import { DigitsReader } from './DigitsReader.tsx'
import { HandOver } from './HandOver.tsx'
import { PictureReader } from './PictureReader.tsx'

/** Properties of {@link LinkDeviceDialog}. */
export interface LinkDeviceDialogProps {
  readonly accountId: AccountId
  readonly onClose: () => void
}

/** On the device that has the account: reads the code of the other one, asks, and hands over. Closing ends it. */
export function LinkDeviceDialog({ accountId, onClose }: LinkDeviceDialogProps) {
  const t = useT()
  const linking = useLinking()
  const running = linking?.side === 'old' && linking.accountId === accountId ? linking : null
  const cancel = (): void => void attempt('linking.cancel', {})
  const close = (): void => {
    if (running !== null) cancel()
    onClose()
  }
  return (
    <Dialog title={t('linking.title')} closeLabel={t('app.close')} onClose={close}>
      {running === null ? (
        <Ways accountId={accountId} />
      ) : (
        <HandOver linking={running} onCancel={cancel} onClose={close} />
      )}
    </Dialog>
  )
}

const ways = ['camera', 'picture', 'digits'] as const
const wayTexts = {
  camera: 'linking.wayCamera',
  picture: 'linking.wayPicture',
  digits: 'linking.wayDigits',
} as const

/** Hands main what was read, and says why it could not be used. */
function useReading(accountId: AccountId) {
  const t = useT()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const hand = useCallback(
    async (secret: string, to: (bytes: Uint8Array<ArrayBuffer>) => Promise<BridgeReply<void>>) => {
      setBusy(true)
      setError(null)
      const reply = await withSecret(secret, to)
      setBusy(false)
      if (!reply.ok) setError(errorText(t, reply.code, reply.params))
    },
    [t],
  )
  const onText = useCallback(
    (text: string) => void hand(text, (bytes) => attempt('linking.readQr', { accountId, text: bytes })),
    [hand, accountId],
  )
  const onDigits = (digits: string): void =>
    void hand(digits, (bytes) => attempt('linking.enterCode', { accountId, code: bytes }))
  return { busy, error, onText, onDigits }
}

function Ways({ accountId }: { readonly accountId: AccountId }) {
  const t = useT()
  const { busy, error, onText, onDigits } = useReading(accountId)
  return (
    <div className="flex flex-col gap-4">
      <p className="text-sm">{t('linking.oldLead')}</p>
      <Tabs className="flex flex-col gap-4">
        <TabList aria-label={t('linking.ways')} className={segmentsClass}>
          {ways.map((way) => (
            <Tab key={way} id={way} className={segmentClass}>
              {t(wayTexts[way])}
            </Tab>
          ))}
        </TabList>
        <TabPanel id="camera" className="outline-offset-4">
          <CameraReader onText={onText} />
        </TabPanel>
        <TabPanel id="picture" className="outline-offset-4">
          <PictureReader onText={onText} />
        </TabPanel>
        <TabPanel id="digits" className="outline-offset-4">
          <DigitsReader onDigits={onDigits} />
        </TabPanel>
      </Tabs>
      {busy && <Working label={t('linking.looking')} />}
      {error !== null && (
        <p role="alert" className="text-sm text-danger">
          {error}
        </p>
      )}
    </div>
  )
}
