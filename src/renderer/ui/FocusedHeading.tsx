import { type ReactNode, useEffect, useRef } from 'react'

/** The heading of a step that took the place of another: it takes the focus, because what had it is gone, and the top of what scrolls. */
export function FocusedHeading({ children }: { readonly children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    heading.current?.focus({ preventScroll: true })
    heading.current?.scrollIntoView({ block: 'start' })
  }, [])
  return (
    <h3 ref={heading} tabIndex={-1} className="scroll-mt-3 font-semibold outline-none wrap-anywhere">
      {children}
    </h3>
  )
}
