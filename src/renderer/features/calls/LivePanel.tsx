import type { CallNetworkView, CallView } from '#shared/model/calls.ts'
import { formatCount } from '#renderer/i18n/format.ts'
import { type TextKey, useLanguage, useT } from '#renderer/i18n/i18n.ts'
import type { StatsSample } from '#renderer/media/stats.ts'
import { Disclosed } from '#renderer/ui/Disclosed.tsx'
import { Fact } from '#renderer/ui/Feedback.tsx'
import { Plot } from './Plot.tsx'
import { type Series, summarize } from './plot.ts'
import { useSamples } from './use-pictures.ts'
import { useNetwork } from './use-network.ts'

/** One kind of figure: its name, its values, its unit. */
interface Measure {
  readonly name: TextKey
  readonly series: Series
  readonly unit: 'live.ms' | 'live.percent' | 'live.kbit'
  readonly least: number
}

/** What the connection is doing, second by second; measured only while it is open. */
export function LivePanel({ view }: { readonly view: CallView }) {
  const t = useT()
  const network = useNetwork(view.id)
  const samples = useSamples(view.id)
  const last = network.at(-1)?.view
  const of = (pick: (one: CallNetworkView) => number | null): Series => network.map((one) => pick(one.view))
  const measures = {
    roundTrip: { name: 'live.roundTrip', series: of((one) => one.roundTripMs), unit: 'live.ms', least: 50 },
    jitter: { name: 'live.jitter', series: of((one) => one.jitterMs), unit: 'live.ms', least: 10 },
    lossIn: { name: 'live.lossIn', series: of((one) => one.lossReceivedPercent), unit: 'live.percent', least: 5 },
    lossOut: { name: 'live.lossOut', series: of((one) => one.lossSentPercent), unit: 'live.percent', least: 5 },
    up: { name: 'live.rateUp', series: network.map((one) => one.kbitUp), unit: 'live.kbit', least: 50 },
    down: { name: 'live.rateDown', series: network.map((one) => one.kbitDown), unit: 'live.kbit', least: 50 },
  } as const satisfies Record<string, Measure>
  return (
    <section aria-label={t('live.title')} className="flex flex-col gap-2.5">
      <div className="grid gap-2 min-[40rem]:grid-cols-2">
        <MeasurePlot measure={measures.roundTrip} />
        <MeasurePlot measure={measures.jitter} />
        <MeasurePlot measure={measures.lossIn} second={measures.lossOut} />
        <MeasurePlot measure={measures.up} second={measures.down} />
      </div>
      <Disclosed label={t('live.table')}>
        <Table measures={Object.values(measures)} />
      </Disclosed>
      <Words view={view} network={last} media={samples.at(-1)} />
    </section>
  )
}

function useFormat(unit: Measure['unit']): (value: number | null) => string {
  const t = useT()
  const language = useLanguage()
  return (value) => {
    if (value === null) return t('live.none')
    const rounded = value < 10 && unit === 'live.percent' ? Math.round(value * 10) / 10 : Math.round(value)
    return t(unit, { value: formatCount(language, rounded) })
  }
}

function MeasurePlot({ measure, second }: { readonly measure: Measure; readonly second?: Measure }) {
  const t = useT()
  const format = useFormat(measure.unit)
  return (
    <Plot
      name={t(measure.name)}
      series={measure.series}
      least={measure.least}
      format={format}
      {...(second === undefined ? {} : { second: { name: t(second.name), series: second.series } })}
    />
  )
}

function Table({ measures }: { readonly measures: readonly Measure[] }) {
  const t = useT()
  return (
    <table className="w-full text-start text-sm tabular-nums">
      <thead className="text-xs text-soft">
        <tr>
          {(['measure', 'current', 'mean', 'highest'] as const).map((name) => (
            <th key={name} scope="col" className="py-1 pe-3 text-start font-normal">
              {t(`live.${name}`)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {measures.map((measure) => (
          <Row key={measure.name} measure={measure} />
        ))}
      </tbody>
    </table>
  )
}

function Row({ measure }: { readonly measure: Measure }) {
  const t = useT()
  const format = useFormat(measure.unit)
  const { now, mean, highest } = summarize(measure.series)
  return (
    <tr className="border-t border-line">
      <th scope="row" className="py-1 pe-3 text-start font-normal">
        {t(measure.name)}
      </th>
      {[now, mean, highest].map((value, at) => (
        <td key={at} className="py-1 pe-3 selectable">
          {format(value)}
        </td>
      ))}
    </tr>
  )
}

const pathTexts = {
  none: 'live.pathNone',
  direct: 'live.pathDirect',
  reflexive: 'live.pathReflexive',
  relayed: 'live.pathRelayed',
} as const

interface WordsProps {
  readonly view: CallView
  readonly network: CallNetworkView | undefined
  readonly media: StatsSample | undefined
}

function Words({ view, network, media }: WordsProps) {
  const t = useT()
  const language = useLanguage()
  const count = (value: number): string => formatCount(language, value)
  const { cipher, keyAgreement, hash, peerClient } = view.security
  const agreed = (text: string): string => (text === '' ? t('live.pending') : text)
  return (
    <dl className="grid gap-x-4 text-sm min-[30rem]:grid-cols-2 min-[60rem]:grid-cols-3">
      <Fact term={t('live.cipher')}>{agreed(cipher)}</Fact>
      <Fact term={t('live.agreement')}>{agreed(keyAgreement)}</Fact>
      {hash !== '' && <Fact term={t('live.hash')}>{hash}</Fact>}
      {peerClient !== '' && (
        <Fact term={t('live.client')}>
          <bdi>{peerClient}</bdi>
        </Fact>
      )}
      <Fact term={t('live.audioCodec')}>{agreed(either(network?.audioCodec, media?.audioCodec))}</Fact>
      {view.video && <PictureFact network={network} media={media} />}
      <Fact term={t('live.path')}>{t(pathTexts[network?.path ?? 'none'])}</Fact>
      {network !== undefined && network.path !== 'none' && (
        <>
          <Fact term={t('live.pair')}>
            <span dir="ltr">{`${network.localAddress} – ${network.remoteAddress}`}</span>
          </Fact>
          <Fact term={t('live.protocol')}>{network.protocol.toUpperCase()}</Fact>
          <Fact term={t('live.packets')}>{`${count(network.packetsSent)}, ${count(network.packetsReceived)}`}</Fact>
          <Fact term={t('live.refused')}>
            {count(network.packetsRefused)}
            <span className="block text-xs text-soft">{t('live.refusedHint')}</span>
          </Fact>
        </>
      )}
    </dl>
  )
}

function either(first: string | undefined, second: string | undefined): string {
  return first !== undefined && first !== '' ? first : (second ?? '')
}

function PictureFact({ network, media }: Pick<WordsProps, 'network' | 'media'>) {
  const t = useT()
  const codec = either(network?.videoCodec, media?.videoCodec)
  const resolution = media?.resolution ?? ''
  const fps = Math.round(media?.framesPerSecond ?? 0)
  return (
    <Fact term={t('live.videoCodec')}>
      {codec === '' ? t('live.pending') : codec}
      {resolution !== '' && <span className="block text-xs text-soft">{t('live.pictureIn', { resolution, fps })}</span>}
    </Fact>
  )
}
