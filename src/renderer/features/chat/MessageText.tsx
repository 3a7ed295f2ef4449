import { useState } from 'react'
import { useT } from '#renderer/i18n/i18n.ts'
import { showDialog } from '#renderer/stores/screen-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { cx } from '#renderer/ui/cx.ts'
import { isEmojiOnly, linkify } from './linkify.ts'

/** Characters of a message drawn at once; the rest follows on request, so that a huge one cannot stall the window. */
const shownLength = 20_000

/** Message text: plain, in its own direction, with links that are asked about before they open. */
export function MessageText({ text }: { readonly text: string }) {
  const t = useT()
  const [whole, setWhole] = useState(false)
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
              onClick={() => showDialog({ kind: 'link', url: run.text })}
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
    </>
  )
}
