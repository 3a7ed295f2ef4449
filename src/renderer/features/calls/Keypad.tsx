import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { Button as AriaButton } from 'react-aria-components'
import type { CallId } from '#shared/model/calls.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'

const keys = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'] as const
/** Digits that stay to be seen. */
const shownDigits = 24

/** Digits for menus and conference rooms; the keyboard's own work while it has the focus. */
export function Keypad({ callId }: { readonly callId: CallId }) {
  const t = useT()
  const [sent, setSent] = useState('')
  const first = useRef<HTMLDivElement>(null)
  useEffect(() => first.current?.focus(), [])
  const send = (digit: string): void => {
    void perform('calls.sendDigit', { callId, digit }).then((done) => {
      if (done) setSent((before) => (before + digit).slice(-shownDigits))
    })
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.altKey || event.metaKey || !/^[0-9*#A-D]$/.test(event.key)) return
    event.preventDefault()
    send(event.key)
  }
  return (
    <div
      ref={first}
      role="group"
      aria-label={t('keypad.title')}
      tabIndex={-1}
      onKeyDown={onKeyDown}
      className="flex max-w-56 flex-col gap-2 rounded-xl outline-offset-4"
    >
      <p aria-live="polite" className="min-h-6 font-mono text-base tabular-nums" dir="ltr">
        {sent === '' ? (
          <span className="font-sans text-sm text-soft">{t('keypad.nothing')}</span>
        ) : (
          <>
            <span className="sr-only">{t('keypad.sent', { digits: Array.from(sent).join(' ') })}</span>
            <span aria-hidden>{sent}</span>
          </>
        )}
      </p>
      <div className="grid grid-cols-3 gap-1.5" dir="ltr">
        {keys.map((digit) => (
          <AriaButton
            key={digit}
            aria-label={t('keypad.digit', { digit })}
            onPress={() => send(digit)}
            className="h-10 rounded-lg border border-edge bg-raised text-lg font-medium hover:bg-hover"
          >
            {digit}
          </AriaButton>
        ))}
      </div>
      <p className="text-xs text-soft">{t('keypad.hint')}</p>
    </div>
  )
}
