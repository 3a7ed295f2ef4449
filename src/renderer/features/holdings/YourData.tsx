import { type ReactNode, useState } from 'react'
import { type Amount, fileUses, type HoldingKind, holdingKinds, type HoldingsView } from '#shared/model/holdings.ts'
import { formatBytes, formatCount } from '#renderer/i18n/format.ts'
import { type TextKey, useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { showDialog } from '#renderer/stores/screen-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Working } from '#renderer/ui/Feedback.tsx'
import { Group } from '../settings/Group.tsx'
import { AccountHoldings } from './AccountHoldings.tsx'
import { ConversationHoldings } from './ConversationHoldings.tsx'
import { EraseEverything } from './EraseEverything.tsx'
import { useHoldings } from './use-holdings.ts'

/** A sentence about what a new look found after something was erased, and whether it is as it should be. */
export interface Finding {
  readonly text: string
  readonly gone: boolean
}

/** Properties of the parts of the page that erase something. */
export interface ErasingProps {
  readonly view: HoldingsView
  readonly recount: () => Promise<HoldingsView | null>
  readonly onFound: (finding: Finding | null) => void
}

/** Everything Sotto holds here and on servers, and the ways to be rid of it. */
export function YourData() {
  const t = useT()
  const { view, counting, recount } = useHoldings()
  const [finding, setFinding] = useState<Finding | null>(null)
  if (view === null) return counting ? <Working label={t('holdings.counting')} /> : <Again onPress={recount} />
  const parts: ErasingProps = { view, recount, onFound: setFinding }
  return (
    <>
      <p className="text-sm text-soft">{t('holdings.lead')}</p>
      <div role="status" className="empty:hidden">
        {finding !== null && (
          <p
            className={
              finding.gone
                ? 'rounded-xl bg-tint px-3 py-2 text-sm'
                : 'rounded-xl bg-danger-tint px-3 py-2 text-sm text-danger'
            }
          >
            {finding.text}
          </p>
        )}
      </div>
      <Kinds view={view} />
      <ConversationHoldings {...parts} />
      <AccountHoldings {...parts} />
      <Files view={view} />
      <Again onPress={recount} busy={counting}>
        <Button size="small" onPress={() => showDialog({ kind: 'export', id: null })}>
          {t('archive.exportAction')}
        </Button>
      </Again>
      <EraseEverything {...parts} />
    </>
  )
}

function Again(props: {
  readonly onPress: () => Promise<unknown>
  readonly busy?: boolean
  readonly children?: ReactNode
}) {
  const { onPress, busy = false, children } = props
  const t = useT()
  return (
    <div className="flex flex-wrap gap-2">
      <Button size="small" pendingText={busy ? t('holdings.counting') : undefined} onPress={() => void onPress()}>
        {t('holdings.again')}
      </Button>
      {children}
    </div>
  )
}

const kindTexts = {
  messages: 'holdings.kinds.messages',
  changes: 'holdings.kinds.changes',
  calls: 'holdings.kinds.calls',
  files: 'holdings.kinds.files',
  contacts: 'holdings.kinds.contacts',
  savedSearches: 'holdings.kinds.savedSearches',
  unknown: 'holdings.kinds.unknown',
  drafts: 'holdings.kinds.drafts',
  unsent: 'holdings.kinds.unsent',
  callSecrets: 'holdings.kinds.callSecrets',
  callMemory: 'holdings.kinds.callMemory',
  replica: 'holdings.kinds.replica',
  settings: 'holdings.kinds.settings',
} as const satisfies Record<HoldingKind, TextKey>

function Kinds({ view }: { readonly view: HoldingsView }) {
  const t = useT()
  const language = useLanguage()
  const { kinds } = view.history
  const content = holdingKinds.reduce((sum, kind) => sum + kinds[kind].bytes, 0)
  const rest = Math.max(0, view.disk.uses.history.bytes - content)
  return (
    <Group title={t('holdings.history')} text={t('holdings.historyText')}>
      <Table
        caption={t('holdings.history')}
        rows={holdingKinds
          .filter((kind) => kind !== 'unknown' || kinds[kind].count > 0)
          .map((kind) => ({ key: kind, name: t(kindTexts[kind]), amount: kinds[kind] }))}
      />
      <p className="text-xs text-soft">{t('holdings.rest', { size: formatBytes(language, rest) })}</p>
    </Group>
  )
}

function Files({ view }: { readonly view: HoldingsView }) {
  const t = useT()
  const language = useLanguage()
  const { uses, folder, homeServer } = view.disk
  return (
    <Group title={t('holdings.files')} text={t('holdings.filesText')}>
      <p className="font-mono text-[0.8125rem] wrap-anywhere selectable">{folder}</p>
      <Table
        caption={t('holdings.files')}
        rows={fileUses
          .filter((use) => uses[use].count > 0)
          .map((use) => ({ key: use, name: t(`holdings.uses.${use}`), amount: uses[use] }))}
      />
      {homeServer !== null && (
        <p className="text-sm text-soft">
          {t('holdings.homeServer', { size: formatBytes(language, homeServer.bytes) })}
        </p>
      )}
    </Group>
  )
}

interface Row {
  readonly key: string
  readonly name: string
  readonly amount: Amount
}

function Table({ caption, rows }: { readonly caption: string; readonly rows: readonly Row[] }) {
  const t = useT()
  const language = useLanguage()
  return (
    <div className="rounded-2xl border border-line bg-raised px-4 py-1.5">
      <table className="w-full text-sm">
        <caption className="sr-only">{caption}</caption>
        <thead className="text-start text-xs text-soft">
          <tr>
            <th scope="col" className="py-1 text-start font-medium">
              {t('holdings.what')}
            </th>
            <th scope="col" className="py-1 ps-3 text-end font-medium">
              {t('holdings.number')}
            </th>
            <th scope="col" className="py-1 ps-3 text-end font-medium">
              {t('holdings.size')}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, name, amount }) => (
            <tr key={key} className="border-t border-line">
              <th scope="row" className="py-1 text-start font-normal">
                {name}
              </th>
              <td className="py-1 ps-3 text-end tabular-nums">{formatCount(language, amount.count)}</td>
              <td className="py-1 ps-3 text-end whitespace-nowrap tabular-nums">
                {formatBytes(language, amount.bytes)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
