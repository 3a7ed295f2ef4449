import { Eye, LoaderCircle, Lock, LockOpen, type LucideIcon, ServerCog, ShieldCheck } from 'lucide-react'
import type { CallReaders, CallView } from '#shared/model/calls.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { cx } from '#renderer/ui/cx.ts'
import { readersSentence, readersShort } from './call-words.ts'

/** Only what was compared is green; the picture and the words say the same. */
const looks: Readonly<Record<CallReaders, { readonly icon: LucideIcon; readonly colour: string }>> = {
  securing: { icon: LoaderCircle, colour: 'text-soft' },
  'only-us': { icon: ShieldCheck, colour: 'text-good' },
  'us-unless-middle': { icon: Lock, colour: 'text-ink' },
  'servers-could': { icon: Eye, colour: 'text-warn' },
  'servers-can': { icon: ServerCog, colour: 'text-warn' },
  anyone: { icon: LockOpen, colour: 'text-danger' },
}

/** Who can follow the call, as a sentence. */
export function Readers({ view }: { readonly view: CallView }) {
  const t = useT()
  const { icon: Icon, colour } = looks[view.security.readers]
  return (
    <p className={cx('flex items-start gap-1.5 text-sm', colour)} aria-live="polite">
      <Icon aria-hidden className="mt-0.5 size-4 shrink-0" />
      <span>
        <span className="sr-only">{`${t('readers.title')}: `}</span>
        {readersSentence(t, view)}
      </span>
    </p>
  )
}

/** The same as a picture and, where there is room, a few words. */
export function ReadersMark({ readers, words = true }: { readonly readers: CallReaders; readonly words?: boolean }) {
  const t = useT()
  const { icon: Icon, colour } = looks[readers]
  const text = readersShort(t, readers)
  return (
    <span className={cx('inline-flex items-center gap-1', colour)}>
      {words ? (
        <>
          <Icon aria-hidden className="size-3.5 shrink-0" />
          <span>{text}</span>
        </>
      ) : (
        <Icon role="img" aria-label={text} className="size-4 shrink-0" />
      )}
    </span>
  )
}
