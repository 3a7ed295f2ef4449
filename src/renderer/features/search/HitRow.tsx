import { Bookmark, FileText, Phone, Video } from 'lucide-react'
import type { CallRecordView } from '#shared/model/calls.ts'
import type { SearchHit } from '#shared/model/views.ts'
import { formatBytes, formatShort } from '#renderer/i18n/format.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { openConversation } from '#renderer/stores/screen-store.ts'
import { hitKey, keepSearchPlace } from '#renderer/stores/search-store.ts'
import { cx } from '#renderer/ui/cx.ts'
import { clockTime, isMissed, recordWords } from '../calls/call-words.ts'
import { cutHighlights } from './highlights.ts'

/** One hit: with whom, when, and what of it fits. */
export function HitRow({ hit, opened }: { readonly hit: SearchHit; readonly opened: boolean }) {
  const t = useT()
  const language = useLanguage()
  return (
    <button
      type="button"
      data-list-row
      data-hit={hitKey(hit)}
      aria-current={opened ? 'true' : undefined}
      onClick={() => {
        keepSearchPlace({ openedKey: hitKey(hit) })
        openConversation(hit.conversationId, hit.position)
      }}
      className={cx(
        'flex w-full flex-col gap-0.5 rounded-xl px-2 py-2 text-start -outline-offset-2',
        opened ? 'bg-tint forced-colors:outline' : 'hover:bg-hover',
      )}
    >
      <span className="flex w-full items-baseline gap-2">
        <span className="min-w-0 flex-1 truncate text-sm font-medium">
          <bdi>{hit.conversationName}</bdi>
        </span>
        {hit.bookmarked && (
          <Bookmark
            role="img"
            aria-label={t('search.bookmarked')}
            className="size-3.5 shrink-0 self-center text-soft"
          />
        )}
        <span className="shrink-0 text-xs text-soft tabular-nums">
          {formatShort(language, hit.sentAt, new Date().getTime())}
        </span>
      </span>
      <Content hit={hit} />
    </button>
  )
}

function Content({ hit }: { readonly hit: SearchHit }) {
  if (hit.call !== undefined) return <CallHit record={hit.call} direction={hit.direction} />
  return hit.file === undefined ? <TextHit hit={hit} /> : <FileHit hit={hit} size={hit.file.size} />
}

function CallHit(props: { readonly record: CallRecordView; readonly direction: SearchHit['direction'] }) {
  const { record, direction } = props
  const t = useT()
  const Icon = record.video ? Video : Phone
  return (
    <span
      className={cx('flex items-center gap-1.5 text-sm', isMissed(record, direction) ? 'text-danger' : 'text-soft')}
    >
      <Icon aria-hidden className="size-3.5 shrink-0" />
      <span className="min-w-0 truncate">{recordWords(t, record, direction)}</span>
      {record.durationMs > 0 && (
        <span className="shrink-0 tabular-nums">
          <span className="sr-only">{t('call.duration', { time: clockTime(record.durationMs) })}</span>
          <span aria-hidden>{clockTime(record.durationMs)}</span>
        </span>
      )}
    </span>
  )
}

function FileHit({ hit, size }: { readonly hit: SearchHit; readonly size: number }) {
  const language = useLanguage()
  return (
    <span className="flex w-full items-center gap-1.5 text-sm text-soft">
      <FileText aria-hidden className="size-4 shrink-0" />
      <span className="min-w-0 flex-1 truncate">
        <You hit={hit} />
        <Marked hit={hit} />
      </span>
      <span className="shrink-0 text-xs tabular-nums">{formatBytes(language, size)}</span>
    </span>
  )
}

function TextHit({ hit }: { readonly hit: SearchHit }) {
  return (
    <span className="line-clamp-2 w-full text-sm text-soft wrap-anywhere">
      <You hit={hit} />
      <Marked hit={hit} />
    </span>
  )
}

function You({ hit }: { readonly hit: SearchHit }) {
  const t = useT()
  return hit.direction === 'outgoing' ? `${t('list.you')} ` : null
}

function Marked({ hit }: { readonly hit: SearchHit }) {
  return (
    <bdi>
      {cutHighlights(hit.excerpt, hit.highlights).map((piece, index) =>
        piece.hit ? (
          <mark key={index} className="rounded-sm bg-mark text-ink">
            {piece.text}
          </mark>
        ) : (
          piece.text
        ),
      )}
    </bdi>
  )
}
