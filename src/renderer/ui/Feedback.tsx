import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import { ProgressBar } from 'react-aria-components'
import { cx } from './cx.ts'

/** Work of unknown length, named in words. */
export function Working({ label, quiet = false }: { readonly label: string; readonly quiet?: boolean }) {
  return (
    <ProgressBar isIndeterminate aria-label={label} className="flex flex-col gap-1.5">
      {!quiet && <span className="text-sm text-soft">{label}</span>}
      <span className="block h-1 w-full overflow-hidden rounded-full bg-hover">
        <span className="block h-full w-1/3 rounded-full bg-accent sweep" />
      </span>
    </ProgressBar>
  )
}

/** The line of a progress bar, filled so far. */
export function Track({ percent, className }: { readonly percent: number; readonly className: string }) {
  return (
    <svg aria-hidden viewBox="0 0 100 1" preserveAspectRatio="none" className={cx('rounded-full bg-hover', className)}>
      <rect width={percent} height="1" className="fill-accent" />
    </svg>
  )
}

/** Work of known length, named in words. */
export function Measured({ label, percent }: { readonly label: string; readonly percent: number }) {
  return (
    <ProgressBar aria-label={label} value={percent} className="flex flex-col gap-1.5">
      {({ valueText }) => (
        <>
          <span className="flex justify-between gap-3 text-sm text-soft">
            <span>{label}</span>
            <span className="tabular-nums">{valueText}</span>
          </span>
          <Track percent={percent} className="h-1.5 w-full" />
        </>
      )}
    </ProgressBar>
  )
}

const tones = {
  plain: 'border-line bg-raised text-ink',
  warn: 'border-transparent bg-warn-tint text-warn',
  danger: 'border-transparent bg-danger-tint text-danger',
  tint: 'border-transparent bg-tint text-ink',
} as const

/** Properties of {@link Banner}. */
export interface BannerProps {
  readonly icon: LucideIcon
  readonly tone?: keyof typeof tones
  readonly children: ReactNode
  readonly actions?: ReactNode
  /** `alert` interrupts a screen reader, `status` waits. */
  readonly role?: 'alert' | 'status'
}

/** A line or two that stay until they are dealt with. */
export function Banner({ icon: Icon, tone = 'plain', children, actions, role }: BannerProps) {
  return (
    <div
      role={role}
      className={cx(
        'flex flex-wrap items-center justify-end gap-x-2.5 gap-y-2 rounded-xl border px-3 py-2 text-sm',
        tones[tone],
      )}
    >
      <Icon aria-hidden className="size-4 shrink-0" />
      <div className="min-w-0 flex-1 basis-40">{children}</div>
      {actions !== undefined && <div className="flex shrink-0 gap-1">{actions}</div>}
    </div>
  )
}

/** What to say where there is nothing yet. */
export function EmptyState(props: {
  readonly icon: LucideIcon
  readonly title: string
  readonly text: string
  readonly action?: ReactNode
}) {
  const { icon: Icon, title, text, action } = props
  return (
    <div className="flex h-full flex-col items-center justify-center gap-2 p-6 text-center">
      <Icon aria-hidden className="mb-1 size-9 text-edge" strokeWidth={1.4} />
      <p className="font-medium">{title}</p>
      <p className="max-w-xs text-sm text-soft">{text}</p>
      {action !== undefined && <div className="mt-3">{action}</div>}
    </div>
  )
}

/** A term and what it is, in a definition list. */
export function Fact(props: { term: string; children: ReactNode; mono?: boolean; wide?: boolean }) {
  const { term, children, mono = false, wide = false } = props
  return (
    <div className={cx('flex flex-col gap-0.5 py-1.5', wide && 'col-span-full')}>
      <dt className="text-xs text-soft">{term}</dt>
      <dd className={cx('min-w-0 wrap-anywhere selectable', mono && 'font-mono text-[0.8125rem]')}>{children}</dd>
    </div>
  )
}
