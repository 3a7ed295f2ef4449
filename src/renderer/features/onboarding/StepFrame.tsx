import type { ReactNode } from 'react'
import { useT } from '#renderer/i18n/i18n.ts'

/** The quiet page around a step of the set-up or the lock screen. */
export function StepFrame({ children, lead, title }: { title: string; lead: string; children: ReactNode }) {
  const t = useT()
  return (
    <main className="relative flex h-full justify-center overflow-y-auto bg-panel px-4 py-6" data-pane="step">
      <div className="my-auto w-full max-w-md">
        <header className="mb-5 flex flex-col items-center gap-2 text-center">
          <Logo />
          <h1 className="text-xl font-semibold">{title}</h1>
          <p className="max-w-sm text-sm text-soft">{lead}</p>
        </header>
        <section className="rounded-2xl border border-line bg-raised p-5 shadow-sm" aria-label={t('app.name')}>
          {children}
        </section>
      </div>
    </main>
  )
}

/** Sotto's mark: a lowered voice under a line. */
export function Logo() {
  return (
    <svg viewBox="0 0 64 64" aria-hidden className="size-14">
      <rect width="64" height="64" rx="15" className="fill-accent" />
      <g className="fill-on-accent">
        <rect x="12" y="14" width="40" height="4.5" rx="2.25" />
        <rect x="14" y="28" width="5" height="14" rx="2.5" />
        <rect x="24" y="25" width="5" height="25" rx="2.5" />
        <rect x="34" y="27" width="5" height="18" rx="2.5" />
        <rect x="44" y="29" width="5" height="9" rx="2.5" />
      </g>
    </svg>
  )
}

/** The name of a step and how many there are. */
export function StepHeading({ step, title }: { readonly step: number; readonly title: string }) {
  const t = useT()
  return (
    <div className="mb-3">
      <p className="text-xs text-soft">{t('onboarding.step', { step, count: 3 })}</p>
      <h2 className="text-lg font-semibold">{title}</h2>
    </div>
  )
}
