import { Eye, EyeOff } from 'lucide-react'
import { useState } from 'react'
import { FieldError, Input, Label, Text, TextArea, TextField, ToggleButton } from 'react-aria-components'
import { cx } from './cx.ts'

export const inputClass =
  'w-full min-w-0 rounded-lg border border-edge bg-sunken px-3 py-2 text-ink selectable outline-offset-1 ' +
  'placeholder:text-soft invalid:border-danger data-[invalid]:border-danger disabled:opacity-60'

/** Properties of {@link Field}. */
export interface FieldProps {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly hint?: string | undefined
  readonly error?: string | null | undefined
  readonly type?: 'text' | 'password' | 'email'
  readonly autoComplete?: string
  readonly inputMode?: 'numeric'
  readonly autoFocus?: boolean
  readonly isRequired?: boolean
  readonly isDisabled?: boolean
  readonly maxLength?: number
  readonly lines?: number
  readonly mono?: boolean
  readonly onBlur?: () => void
  /** For secrets: the name of the button that shows what was typed. */
  readonly revealLabel?: string
}

/** A labelled text field with a hint and room for an error. */
export function Field(props: FieldProps) {
  const { label, hint, error, type = 'text', lines, mono, revealLabel, ...rest } = props
  const [revealed, setRevealed] = useState(false)
  const invalid = error !== undefined && error !== null
  return (
    <TextField
      {...rest}
      type={revealed ? 'text' : type}
      isInvalid={invalid}
      validationBehavior="aria"
      spellCheck="false"
      autoCorrect="off"
      className="flex flex-col gap-1"
    >
      <Label className="text-sm font-medium">{label}</Label>
      <div className="relative flex">
        {lines === undefined ? (
          <Input className={cx(inputClass, mono === true && 'font-mono', revealLabel !== undefined && 'pr-11')} />
        ) : (
          <TextArea rows={lines} className={cx(inputClass, 'resize-none', mono === true && 'font-mono')} />
        )}
        {revealLabel !== undefined && (
          <ToggleButton
            isSelected={revealed}
            onChange={setRevealed}
            aria-label={revealLabel}
            className="absolute inset-y-0 end-1 my-1 flex w-9 items-center justify-center rounded-md text-soft hover:text-ink"
          >
            {revealed ? <EyeOff aria-hidden className="size-4" /> : <Eye aria-hidden className="size-4" />}
          </ToggleButton>
        )}
      </div>
      {hint !== undefined && (
        <Text slot="description" className="text-xs text-soft">
          {hint}
        </Text>
      )}
      <FieldError className="text-sm text-danger">{error}</FieldError>
    </TextField>
  )
}
