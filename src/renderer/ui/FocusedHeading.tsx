import { type ReactNode, useEffect, useRef } from 'react'

/** The heading of a step that took the place of another: it takes the focus, because what had it is gone. */
export function FocusedHeading({ children }: { readonly children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [])
  return (
    <h3 ref={heading} tabIndex={-1} className="font-semibold outline-none wrap-anywhere">
      {children}
    </h3>
  )
}
