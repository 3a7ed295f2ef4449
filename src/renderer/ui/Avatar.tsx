import { cx } from './cx.ts'

const tones = [
  'bg-[light-dark(#d9e8ea,#1d4248)] text-[light-dark(#0c4d55,#bfe6eb)]',
  'bg-[light-dark(#e8e0f0,#3a2f4a)] text-[light-dark(#52356f,#dccbf0)]',
  'bg-[light-dark(#f3e2d6,#4a3325)] text-[light-dark(#74401a,#f3d3bc)]',
  'bg-[light-dark(#dfead6,#2c4224)] text-[light-dark(#35591f,#cbe6bb)]',
  'bg-[light-dark(#f3dde3,#4a2833)] text-[light-dark(#7a2743,#f3c7d4)]',
  'bg-[light-dark(#dfe4f2,#2a3450)] text-[light-dark(#2f427e,#c6d1f2)]',
] as const

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

function initial(name: string): string {
  const first = segmenter.segment(name.trim().slice(0, 32))[Symbol.iterator]().next()
  return first.done === true ? '?' : first.value.segment.toLocaleUpperCase()
}

/** A coloured disc with the first letter; decoration only, the name stands beside it. */
export function Avatar({
  name,
  seed,
  size = 'normal',
}: {
  name: string
  seed: string
  size?: 'normal' | 'small' | 'large'
}) {
  let sum = 0
  for (let index = 0; index < seed.length; index += 1) sum = (sum * 31 + seed.charCodeAt(index)) % 9973
  return (
    <span
      aria-hidden
      className={cx(
        'flex shrink-0 items-center justify-center rounded-full font-semibold',
        size === 'small' && 'size-8 text-sm',
        size === 'normal' && 'size-10',
        size === 'large' && 'size-14 text-xl',
        tones[sum % tones.length],
      )}
    >
      {initial(name)}
    </span>
  )
}
