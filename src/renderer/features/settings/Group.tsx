import { type ReactNode, useId } from 'react'

/** A titled part of a settings page. */
export function Group(props: { readonly title: string; readonly text?: string; readonly children: ReactNode }) {
  const { title, text, children } = props
  const id = useId()
  return (
    <section aria-labelledby={id} className="flex flex-col gap-3">
      <div>
        <h3 id={id} className="font-semibold">
          {title}
        </h3>
        {text !== undefined && <p className="text-sm text-soft">{text}</p>}
      </div>
      {children}
    </section>
  )
}

/** A framed block inside a group. */
export function Card({ children }: { readonly children: ReactNode }) {
  return <div className="flex flex-col gap-3 rounded-2xl border border-line bg-raised p-4">{children}</div>
}
