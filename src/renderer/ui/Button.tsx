import type { LucideIcon } from 'lucide-react'
import { type ReactNode, useId } from 'react'
import { Button as AriaButton, Tooltip, TooltipTrigger } from 'react-aria-components'
import { cx } from './cx.ts'
import { shortcutRef } from './shortcut-ref.ts'

const base =
  'inline-flex items-center justify-center gap-2 rounded-lg font-medium transition-colors ' +
  'disabled:opacity-55 forced-colors:border forced-colors:border-[ButtonBorder]'
const variants = {
  primary: 'bg-accent text-on-accent hover:bg-accent-strong',
  plain: 'border border-edge bg-raised text-ink hover:bg-hover',
  quiet: 'text-accent hover:bg-hover',
  plainDanger: 'border border-edge bg-raised text-danger hover:bg-danger-tint',
  danger: 'bg-danger text-on-danger hover:opacity-90',
} as const

/** Properties of {@link Button}. */
export interface ButtonProps {
  readonly children: ReactNode
  readonly onPress?: () => void
  readonly variant?: keyof typeof variants
  readonly type?: 'button' | 'submit'
  readonly isDisabled?: boolean
  readonly autoFocus?: boolean
  readonly size?: 'normal' | 'small'
  readonly className?: string
  /** Shown instead of the children while work is under way; the button keeps its place and ignores presses. */
  readonly pendingText?: string | undefined
  readonly slot?: 'close'
  /** Name for screen readers, where the words alone do not say what it is about; it begins with them. */
  readonly label?: string
}

/** A button with words on it. */
export function Button({
  children,
  variant = 'plain',
  size = 'normal',
  type = 'button',
  className,
  pendingText,
  label,
  ...rest
}: ButtonProps) {
  return (
    <AriaButton
      {...rest}
      {...(label === undefined ? {} : { 'aria-label': label })}
      type={type}
      isPending={pendingText !== undefined}
      className={cx(
        base,
        variants[variant],
        size === 'small' ? 'min-h-8 px-3 text-sm' : 'min-h-10 px-4',
        pendingText !== undefined && 'opacity-75',
        className,
      )}
    >
      {pendingText ?? children}
    </AriaButton>
  )
}

/** Properties of {@link IconButton}. */
export interface IconButtonProps {
  readonly icon: LucideIcon
  readonly label: string
  readonly onPress?: () => void
  readonly isDisabled?: boolean
  readonly className?: string
  /** `send` is the round one that stands out. */
  readonly tone?: 'quiet' | 'send'
  readonly size?: 'normal' | 'small'
  readonly excludeFromTabOrder?: boolean
  readonly keyShortcuts?: string
  /** Why pressing it does nothing now. It keeps the focus, so that the reason can be read. */
  readonly unavailable?: string
}

/** Not disabled but said to be: what takes no focus could not tell its reason. */
function pressProps(unavailable: string | undefined, reason: string, onPress: (() => void) | undefined) {
  if (unavailable !== undefined) return { 'aria-disabled': true, 'aria-describedby': reason }
  return onPress === undefined ? {} : { onPress }
}

/** A button with a picture, a name for screen readers and the same name as a tooltip. */
export function IconButton({
  icon: Icon,
  label,
  className,
  tone = 'quiet',
  size = 'normal',
  keyShortcuts,
  unavailable,
  onPress,
  ...rest
}: IconButtonProps) {
  const reason = useId()
  const name = unavailable === undefined ? label : `${label}. ${unavailable}`
  return (
    <>
      <TooltipTrigger delay={600} closeDelay={0}>
        <AriaButton
          {...rest}
          aria-label={label}
          {...pressProps(unavailable, reason, onPress)}
          {...(keyShortcuts === undefined ? {} : { ref: shortcutRef(keyShortcuts) })}
          className={cx(
            'inline-flex shrink-0 items-center justify-center transition-colors disabled:opacity-50',
            tone === 'send'
              ? 'size-10 rounded-full bg-accent text-on-accent hover:bg-accent-strong'
              : 'rounded-lg text-soft hover:bg-hover hover:text-ink',
            unavailable !== undefined && 'opacity-50',
            tone === 'quiet' && (size === 'small' ? 'size-7' : 'size-9'),
            className,
          )}
        >
          <Icon aria-hidden className="size-[1.15rem]" strokeWidth={1.9} />
        </AriaButton>
        <Tooltip
          offset={6}
          className="max-w-72 rounded-md bg-ink px-2 py-1 text-xs text-canvas shadow forced-colors:border"
        >
          {name}
        </Tooltip>
      </TooltipTrigger>
      {unavailable !== undefined && (
        <span id={reason} hidden>
          {unavailable}
        </span>
      )}
    </>
  )
}
