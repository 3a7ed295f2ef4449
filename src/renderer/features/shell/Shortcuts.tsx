import { useT } from '#renderer/i18n/i18n.ts'
import { callKeys } from '../calls/call-keys.ts'
import { searchKeys } from '../search/search-keys.ts'

const rows = [
  [searchKeys.everywhere, 'shortcutSearch'],
  [searchKeys.here, 'shortcutSearchHere'],
  [searchKeys.filters, 'shortcutFilters'],
  ['Ctrl+N', 'shortcutNew'],
  ['Alt+↑', 'shortcutPrevious'],
  ['Alt+↓', 'shortcutNext'],
  ['F6', 'shortcutPane'],
  ['Ctrl+,', 'shortcutSettings'],
  ['Ctrl+L', 'shortcutLock'],
  ['Esc', 'shortcutEscape'],
  ['Enter', 'shortcutSend'],
  ['Shift+Enter', 'shortcutLine'],
  ['↑', 'shortcutEdit'],
  ['Shift+F10', 'shortcutMenu'],
  ['Alt+Shift+C, V', 'shortcutCall'],
  [callKeys.answer, 'shortcutAnswer'],
  [callKeys.hangUp, 'shortcutHangUp'],
  [callKeys.mute, 'shortcutMute'],
  [callKeys.camera, 'shortcutCamera'],
  [callKeys.hold, 'shortcutHold'],
  ['Ctrl+/', 'shortcutHelp'],
] as const

/** Every keyboard shortcut. */
export function Shortcuts() {
  const t = useT()
  return (
    <dl className="flex flex-col">
      {rows.map(([keys, text]) => (
        <div key={keys} className="flex items-baseline justify-between gap-4 border-b border-line py-1.5 last:border-0">
          <dt>{t(`shell.${text}`)}</dt>
          <dd className="shrink-0 rounded border border-line bg-panel px-1.5 font-mono text-xs whitespace-nowrap">
            {keys}
          </dd>
        </div>
      ))}
    </dl>
  )
}
