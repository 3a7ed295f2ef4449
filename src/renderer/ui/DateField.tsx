import { Input, Label, TextField } from 'react-aria-components'
import { inputClass } from './Field.tsx'

/** Properties of {@link DateField}; `value` is `YYYY-MM-DD`, or empty. */
export interface DateFieldProps {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
}

/** A day, typed or picked. */
export function DateField({ label, value, onChange }: DateFieldProps) {
  return (
    <TextField type="date" value={value} onChange={onChange} className="flex min-w-36 flex-1 flex-col gap-1">
      <Label className="text-sm font-medium">{label}</Label>
      <Input className={inputClass} />
    </TextField>
  )
}
