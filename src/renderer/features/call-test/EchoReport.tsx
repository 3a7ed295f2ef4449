import { CircleCheck, CircleHelp, type LucideIcon, MicOff, OctagonAlert, TriangleAlert } from 'lucide-react'
import { formatCount } from '#renderer/i18n/format.ts'
import { type TextKey, useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { Banner, Fact } from '#renderer/ui/Feedback.tsx'
import { Plot } from '../calls/Plot.tsx'
import { testSeconds } from './echo-test.ts'
import { delaySeries, type EchoResult, packetMs, type TestSecond, type Verdict } from './measure.ts'

const looks = {
  good: { icon: CircleCheck, tone: 'plain', text: 'callTest.good' },
  noticeable: { icon: TriangleAlert, tone: 'warn', text: 'callTest.noticeable' },
  bad: { icon: OctagonAlert, tone: 'danger', text: 'callTest.bad' },
  unknown: { icon: CircleHelp, tone: 'plain', text: 'callTest.unknown' },
} as const satisfies Record<Verdict, { icon: LucideIcon; tone: string; text: TextKey }>

interface ReportProps {
  readonly result: EchoResult
  readonly seconds: readonly TestSecond[]
}

/** What the test found: a verdict in words, then the figures. */
export function EchoReport({ result, seconds }: ReportProps) {
  const t = useT()
  const format = useFigures()
  const { icon, tone, text } = looks[result.verdict]
  const parts: readonly (readonly [TextKey, string])[] = [
    ['callTest.delay', format.ms(result.delayMs)],
    ['callTest.oneWay', format.ms(result.oneWayMs)],
    ['callTest.loss', format.percent(result.lossPercent)],
    ['live.jitter', format.ms(result.jitterMs)],
    ['callTest.network', format.ms(result.networkMs)],
    ['callTest.buffer', format.ms(result.bufferMs)],
    ['callTest.output', format.ms(result.outputMs)],
    ['callTest.packet', format.ms(packetMs)],
  ]
  return (
    <section aria-label={t('callTest.result')} className="flex flex-col gap-3">
      <Banner icon={icon} tone={tone} role="status">
        {t(text, { delay: format.ms(result.delayMs), loss: format.percent(result.lossPercent) })}
      </Banner>
      {result.isSilent && (
        <Banner icon={MicOff} tone="warn" role="status">
          {t('callTest.silent')}
        </Banner>
      )}
      <EchoFigures seconds={seconds} />
      <dl className="grid gap-x-4 text-sm min-[30rem]:grid-cols-2">
        {parts.map(([term, value]) => (
          <Fact key={term} term={t(term)}>
            {value}
          </Fact>
        ))}
      </dl>
      <p className="text-xs text-soft">{t('callTest.madeOf')}</p>
    </section>
  )
}

/** Delay and loss of each second. */
export function EchoFigures({ seconds }: Pick<ReportProps, 'seconds'>) {
  const t = useT()
  const format = useFigures()
  const count = Math.max(testSeconds, seconds.length)
  const shared = { count, since: t('callTest.secondsAgo', { seconds: count }) }
  return (
    <div className="grid gap-2 min-[40rem]:grid-cols-2">
      <Plot name={t('callTest.delay')} series={delaySeries(seconds)} least={200} format={format.ms} {...shared} />
      <Plot
        name={t('callTest.loss')}
        series={seconds.map(({ lossPercent }) => lossPercent)}
        least={5}
        format={format.percent}
        {...shared}
      />
    </div>
  )
}

function useFigures() {
  const t = useT()
  const language = useLanguage()
  const write = (unit: 'live.ms' | 'live.percent', value: number | null, rounded: (value: number) => number): string =>
    value === null ? t('live.none') : t(unit, { value: formatCount(language, rounded(value)) })
  return {
    ms: (value: number | null) => write('live.ms', value, Math.round),
    percent: (value: number | null) => write('live.percent', value, (figure) => Math.round(figure * 10) / 10),
  }
}
