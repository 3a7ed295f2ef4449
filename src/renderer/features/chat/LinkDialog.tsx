import { useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { CopyButton } from '#renderer/ui/CopyButton.tsx'
import { Dialog, DialogActions } from '#renderer/ui/Dialog.tsx'

/** Shows the whole address of a link and asks before the browser opens it. */
export function LinkDialog({ url, onClose }: { readonly url: string; readonly onClose: () => void }) {
  const t = useT()
  return (
    <Dialog title={t('chat.linkTitle')} closeLabel={t('app.close')} onClose={onClose}>
      <p className="text-sm text-soft">{t('chat.linkText')}</p>
      <p className="mt-3 rounded-lg border border-line bg-sunken p-3 font-mono text-sm break-all selectable" dir="ltr">
        {url}
      </p>
      <DialogActions>
        <CopyButton text={url} label={t('chat.copyLink')} />
        <Button
          variant="primary"
          size="small"
          onPress={() => {
            void perform('app.openLink', { url })
            onClose()
          }}
        >
          {t('chat.openLink')}
        </Button>
      </DialogActions>
    </Dialog>
  )
}
