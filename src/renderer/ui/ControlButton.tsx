import type { LucideIcon } from 'lucide-react'
import { Button as AriaButton, Tooltip, TooltipTrigger } from 'react-aria-components'
import { cx } from './cx.ts'
import { shortcutRef } from './shortcut-ref.ts'

const tones = {
  plain: 'border border-edge bg-raised text-ink hover:bg-hover',
  /** What is switched off or on against the usual, such as a silent microphone. */
  marked: 'border border-ink bg-ink text-canvas hover:opacity-85',
  go: 'bg-accent text-on-accent hover:bg-accent-strong',
  stop: 'bg-danger text-on-danger hover:opacity-90',
} as const

/** Properties of {@link ControlButton}. */
export interface ControlButtonProps {
  readonly icon: LucideIcon
  readonly label: string
  readonly onPress: () => void
  /** As people write it, `Ctrl+Shift+S`; shown in the tooltip. */
  readonly keys?: string
  readonly tone?: keyof typeof tones
  readonly isDisabled?: boolean
  /** For a button that shows and hides something. */
  readonly isExpanded?: boolean
  readonly size?: 'normal' | 'small'
}

/** A round button of the call controls, with its name and shortcut as a tooltip. */
export function ControlButton(props: ControlButtonProps) {
  const { icon: Icon, label, keys, tone = 'plain', isExpanded, size = 'normal', ...rest } = props
  return (
    <TooltipTrigger delay={500} closeDelay={0}>
      <AriaButton
        {...rest}
        aria-label={label}
        {...(keys === undefined ? {} : { ref: shortcutRef(keys) })}
        {...(isExpanded === undefined ? {} : { 'aria-expanded': isExpanded })}
        className={cx(
          'inline-flex shrink-0 items-center justify-center rounded-full transition-colors disabled:opacity-50 forced-colors:border forced-colors:border-[ButtonBorder]',
          size === 'small' ? 'size-8' : 'size-9 min-[28rem]:size-10',
          isExpanded === true && tone === 'plain' ? tones.plain.replace('bg-raised', 'bg-tint') : tones[tone],
        )}
      >
        <Icon aria-hidden className={size === 'small' ? 'size-4' : 'size-[1.15rem]'} strokeWidth={1.9} />
      </AriaButton>
      <Tooltip offset={6} className="rounded-md bg-ink px-2 py-1 text-xs text-canvas shadow forced-colors:border">
        {label}
        {keys !== undefined && <span className="ms-2 opacity-75">{keys}</span>}
      </Tooltip>
    </TooltipTrigger>
  )
}
