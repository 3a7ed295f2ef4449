import { useState } from 'react'
import { useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { CopyButton } from '#renderer/ui/CopyButton.tsx'
import { Dialog, DialogActions } from '#renderer/ui/Dialog.tsx'
import { cx } from '#renderer/ui/cx.ts'
import { isEmojiOnly, linkify } from './linkify.ts'

/** Characters of a message drawn at once; the rest follows on request, so that a huge one cannot stall the window. */
const shownLength = 20_000

/** Message text: plain, in its own direction, with links that are asked about before they open. */
export function MessageText({ text }: { readonly text: string }) {
  const t = useT()
  const [whole, setWhole] = useState(false)
  const [link, setLink] = useState<string | null>(null)
  const cut = !whole && text.length > shownLength
  const shown = cut ? text.slice(0, shownLength) : text
  return (
    <>
      <div dir="auto" className={cx('selectable text-wrap-anywhere', isEmojiOnly(shown) && 'text-4xl leading-tight')}>
        {linkify(shown).map((run, index) =>
          run.kind === 'text' ? (
            run.text
          ) : (
            <button
              key={index}
              type="button"
              onClick={() => setLink(run.text)}
              className="inline text-start text-accent underline decoration-1 underline-offset-2 text-wrap-anywhere"
            >
              <bdi dir="ltr">{run.text}</bdi>
            </button>
          ),
        )}
      </div>
      {cut && (
        <Button size="small" variant="quiet" onPress={() => setWhole(true)}>
          {t('chat.more')}
        </Button>
      )}
      {link !== null && <LinkDialog url={link} onClose={() => setLink(null)} />}
    </>
  )
}

function LinkDialog({ url, onClose }: { readonly url: string; readonly onClose: () => void }) {
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
