import { useId } from 'react'
import { useT } from '#renderer/i18n/i18n.ts'
import { twoMinutes } from '#renderer/media/ring.ts'
import { linePath, niceTop, type PlotBox, type Series, summarize } from './plot.ts'

/** Properties of {@link Plot}. */
export interface PlotProps {
  readonly name: string
  readonly series: Series
  /** A second line on the same scale, dashed. */
  readonly second?: { readonly name: string; readonly series: Series }
  /** The scale's top is never below this. */
  readonly least: number
  readonly format: (value: number | null) => string
  /** Figures that fit from edge to edge, and how long ago the first of them was, in words. */
  readonly count?: number
  readonly since?: string
}

const size = { width: 240, height: 44 }

/** A line over the last two minutes, with its scale; its words say the same. */
export function Plot({ name, series, second, least, format, count = twoMinutes, since }: PlotProps) {
  const t = useT()
  const box = { ...size, count }
  const title = useId()
  const both = second === undefined ? series : [...series, ...second.series]
  const top = niceTop(summarize(both).highest ?? 0, least)
  const describe = (label: string, values: Series): string => {
    const { now, highest } = summarize(values)
    return t('live.plot', { name: label, now: format(now), highest: format(highest) })
  }
  const words = [describe(name, series), ...(second === undefined ? [] : [describe(second.name, second.series)])]
  return (
    <figure className="min-w-0 rounded-xl border border-line bg-raised px-3 py-2">
      <figcaption className="flex flex-wrap items-baseline justify-between gap-x-3 text-xs text-soft">
        <Legend name={name} value={format(summarize(series).now)} />
        {second !== undefined && <Legend name={second.name} value={format(summarize(second.series).now)} dashed />}
      </figcaption>
      <div className="mt-1 flex items-stretch gap-1.5">
        <svg
          role="img"
          aria-labelledby={title}
          viewBox={`0 0 ${size.width} ${size.height}`}
          preserveAspectRatio="none"
          className="h-11 min-w-0 flex-1 border-s border-b border-edge"
        >
          <title id={title}>{words.join('. ')}</title>
          <Line series={series} top={top} box={box} />
          {second !== undefined && <Line series={second.series} top={top} box={box} dashed />}
        </svg>
        <span
          aria-hidden
          className="flex w-16 shrink-0 flex-col justify-between text-[0.6875rem] leading-3 text-soft tabular-nums"
        >
          <span>{format(top)}</span>
          <span>{format(0)}</span>
        </span>
      </div>
      <div aria-hidden className="me-17.5 flex justify-between text-[0.6875rem] leading-4 text-soft">
        <span>{since ?? t('live.ago')}</span>
        <span>{t('live.now')}</span>
      </div>
    </figure>
  )
}

function Legend({
  name,
  value,
  dashed = false,
}: {
  readonly name: string
  readonly value: string
  readonly dashed?: boolean
}) {
  return (
    <span className="inline-flex items-baseline gap-1.5">
      <span
        aria-hidden
        className={dashed ? 'w-4 border-t-2 border-dashed border-soft' : 'w-4 border-t-2 border-accent'}
      />
      {name}
      <span className="font-medium text-ink tabular-nums">{value}</span>
    </span>
  )
}

function Line({
  series,
  top,
  box,
  dashed = false,
}: {
  readonly series: Series
  readonly top: number
  readonly box: PlotBox
  readonly dashed?: boolean
}) {
  return (
    <path
      d={linePath(series, top, box)}
      fill="none"
      strokeWidth={1.6}
      strokeLinejoin="round"
      strokeLinecap="round"
      vectorEffect="non-scaling-stroke"
      {...(dashed ? { strokeDasharray: '4 3' } : {})}
      className={dashed ? 'stroke-soft' : 'stroke-accent'}
    />
  )
}
