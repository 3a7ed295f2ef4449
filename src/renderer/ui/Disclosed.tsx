import { ChevronRight } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { Button, Disclosure, DisclosurePanel } from 'react-aria-components'

/** Fields that few people need, behind a line that opens them. */
export function Disclosed(props: { readonly label: string; readonly open?: boolean; readonly children: ReactNode }) {
  const { label, open = false, children } = props
  const [expanded, setExpanded] = useState(false)
  return (
    <Disclosure isExpanded={expanded || open} onExpandedChange={setExpanded} className="group">
      <Button
        slot="trigger"
        className="flex items-center gap-1 rounded-md py-1 text-sm font-medium text-accent hover:text-accent-strong"
      >
        <ChevronRight
          aria-hidden
          className="size-4 transition-transform group-data-[expanded]:rotate-90 rtl:rotate-180"
        />
        {label}
      </Button>
      <DisclosurePanel>
        <div className="flex flex-col gap-3 pt-2">{children}</div>
      </DisclosurePanel>
    </Disclosure>
  )
}
