import type { LucideIcon } from 'lucide-react'
import { Label, RadioButton, RadioField, RadioGroup } from 'react-aria-components'

/** One value of {@link Chips}. */
export interface Chip<V extends string> {
  readonly value: V
  readonly label: string
  readonly icon?: LucideIcon
}

/** Mutually exclusive values as small chips that wrap, for where there is little room. */
export function Chips<V extends string>(props: {
  readonly label: string
  readonly value: V
  readonly chips: readonly Chip<V>[]
  readonly onChange: (value: V) => void
}) {
  const { label, value, chips, onChange } = props
  return (
    <RadioGroup
      value={value}
      onChange={(next) => onChange(next as V)}
      orientation="horizontal"
      className="flex flex-col gap-1"
    >
      <Label className="text-xs font-medium text-soft">{label}</Label>
      <div className="flex flex-wrap gap-1">
        {chips.map(({ value: key, label: text, icon: Icon }) => (
          <RadioField key={key} value={key}>
            <RadioButton className="flex items-center gap-1 rounded-full border border-edge px-2.5 py-0.5 text-sm hover:bg-hover data-[focus-visible]:outline-2 data-[focus-visible]:outline-offset-1 data-[focus-visible]:outline-accent data-[selected]:border-accent data-[selected]:bg-tint data-[selected]:font-medium forced-colors:data-[selected]:outline-2">
              {Icon !== undefined && <Icon aria-hidden className="size-3.5" />}
              {text}
            </RadioButton>
          </RadioField>
        ))}
      </div>
    </RadioGroup>
  )
}
