import { type ReactNode, useEffect, useRef } from 'react'

/** A button that takes the place of another one also takes the focus that went with it. */
export function FocusKept({ children }: { readonly children: ReactNode }) {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (document.activeElement === document.body) place.current?.querySelector('button')?.focus()
  }, [])
  return <div ref={place}>{children}</div>
}
