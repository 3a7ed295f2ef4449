import { Check, ChevronDown } from 'lucide-react'
import type { ReactNode } from 'react'
import {
  Button,
  CheckboxButton,
  CheckboxField,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  RadioButton,
  RadioField,
  RadioGroup,
  Select as AriaSelect,
  SelectValue,
  SwitchButton,
  SwitchField,
  Text,
} from 'react-aria-components'
import { cx } from './cx.ts'
import { inputClass } from './Field.tsx'

/** One of a few values. */
export interface Option<V extends string> {
  readonly value: V
  readonly label: string
  readonly text?: string
  readonly isDisabled?: boolean
}

/** Properties of {@link Select} and {@link Segments}. */
export interface ChoiceProps<V extends string> {
  readonly label: string
  readonly value: V
  readonly options: readonly Option<V>[]
  readonly onChange: (value: V) => void
}

/** A drop-down list. */
export function Select<V extends string>({ label, value, options, onChange }: ChoiceProps<V>) {
  return (
    <AriaSelect
      className="flex flex-col gap-1"
      value={value}
      onChange={(key) => {
        const option = options.find((candidate) => candidate.value === key)
        if (option !== undefined) onChange(option.value)
      }}
    >
      <Label className="text-sm font-medium">{label}</Label>
      <Button className={cx(inputClass, 'flex cursor-default items-center justify-between text-start select-none')}>
        <SelectValue />
        <ChevronDown aria-hidden className="size-4 text-soft" />
      </Button>
      <Popover className="w-(--trigger-width) rounded-lg border border-line bg-raised p-1 shadow-lg">
        <ListBox className="max-h-64 overflow-auto outline-none">
          {options.map((option) => (
            <ListBoxItem
              key={option.value}
              id={option.value}
              textValue={option.label}
              className="flex items-center justify-between gap-3 rounded-md px-3 py-1.5 outline-none data-[focused]:bg-hover forced-colors:data-[focused]:outline"
            >
              {({ isSelected }) => (
                <>
                  <span>{option.label}</span>
                  {isSelected && <Check aria-hidden className="size-4 text-accent" />}
                </>
              )}
            </ListBoxItem>
          ))}
        </ListBox>
      </Popover>
    </AriaSelect>
  )
}

/** A row of mutually exclusive buttons. */
export function Segments<V extends string>({ label, value, options, onChange }: ChoiceProps<V>) {
  return (
    <RadioGroup
      value={value}
      onChange={(next) => onChange(next as V)}
      orientation="horizontal"
      className="flex flex-col gap-1.5"
    >
      <Label className="text-sm font-medium">{label}</Label>
      <div className="flex flex-wrap gap-1 self-start rounded-lg bg-hover p-1">
        {options.map((option) => (
          <RadioField key={option.value} value={option.value} className="relative">
            <RadioButton className="block rounded-md px-3 py-1.5 text-sm text-ink data-[focus-visible]:outline-2 data-[focus-visible]:outline-accent data-[selected]:bg-raised data-[selected]:font-medium data-[selected]:shadow-sm forced-colors:data-[selected]:outline-2">
              {option.label}
            </RadioButton>
          </RadioField>
        ))}
      </div>
    </RadioGroup>
  )
}

/** Mutually exclusive cards with an explanation each. */
export function Cards<V extends string>({ label, value, options, onChange }: ChoiceProps<V>) {
  return (
    <RadioGroup value={value} onChange={(next) => onChange(next as V)} className="flex flex-col gap-2">
      <Label className="text-sm font-medium">{label}</Label>
      {options.map((option) => (
        <RadioField
          key={option.value}
          value={option.value}
          className="relative"
          isDisabled={option.isDisabled === true}
        >
          <RadioButton className="group flex gap-3 rounded-xl border border-line bg-raised p-3 data-[disabled]:bg-transparent data-[focus-visible]:outline-2 data-[focus-visible]:outline-accent data-[selected]:border-accent data-[selected]:bg-tint">
            <span
              aria-hidden
              className="mt-1 size-4 shrink-0 rounded-full border border-edge bg-sunken group-data-[disabled]:opacity-50 group-data-[selected]:border-[5px] group-data-[selected]:border-accent"
            />
            <span className="flex flex-col">
              <span className="font-medium group-data-[disabled]:text-soft">{option.label}</span>
              <span className="text-sm text-soft">{option.text}</span>
            </span>
          </RadioButton>
        </RadioField>
      ))}
    </RadioGroup>
  )
}

/** Properties of {@link Switch} and {@link Checkbox}. */
export interface ToggleProps {
  readonly isSelected: boolean
  readonly onChange: (selected: boolean) => void
  readonly children: ReactNode
  readonly hint?: string
  readonly isDisabled?: boolean
}

/** A setting that takes effect at once. */
export function Switch({ children, hint, ...rest }: ToggleProps) {
  return (
    <SwitchField {...rest} className="relative py-1.5">
      <SwitchButton className="group flex items-start gap-3 data-[disabled]:text-soft">
        <span
          aria-hidden
          className="mt-0.5 flex h-5 w-9 shrink-0 items-center rounded-full border border-edge bg-hover p-0.5 transition-colors group-data-[focus-visible]:outline-2 group-data-[focus-visible]:outline-offset-2 group-data-[focus-visible]:outline-accent group-data-[selected]:border-accent group-data-[selected]:bg-accent forced-colors:group-data-[selected]:bg-[Highlight]"
        >
          <span className="size-3.5 rounded-full bg-edge transition-transform group-data-[selected]:translate-x-[0.95rem] group-data-[selected]:bg-on-accent rtl:group-data-[selected]:-translate-x-[0.95rem]" />
        </span>
        <span>{children}</span>
      </SwitchButton>
      {hint !== undefined && (
        <Text slot="description" className="block ps-12 text-sm text-soft">
          {hint}
        </Text>
      )}
    </SwitchField>
  )
}

/** A statement the user makes before something else is possible. */
export function Checkbox({
  children,
  isSelected,
  onChange,
}: Pick<ToggleProps, 'children' | 'isSelected' | 'onChange'>) {
  return (
    <CheckboxField isSelected={isSelected} onChange={onChange} className="relative py-1">
      <CheckboxButton className="group flex items-start gap-3">
        <span
          aria-hidden
          className="mt-0.5 flex size-5 shrink-0 items-center justify-center rounded border border-edge bg-sunken text-on-accent group-data-[focus-visible]:outline-2 group-data-[focus-visible]:outline-offset-2 group-data-[focus-visible]:outline-accent group-data-[selected]:border-accent group-data-[selected]:bg-accent"
        >
          <Check className="hidden size-4 group-data-[selected]:block" strokeWidth={3} />
        </span>
        <span>{children}</span>
      </CheckboxButton>
    </CheckboxField>
  )
}
