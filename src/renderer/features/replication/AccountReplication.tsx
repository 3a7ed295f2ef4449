import { useState } from 'react'
import { parseInvitation } from '#shared/home/invitation.ts'
import type { AccountView } from '#shared/model/views.ts'
import { displayAor } from '#shared/model/aor.ts'
import type { ReplicationView, ServerCopyView } from '#shared/model/replication-views.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { attempt } from '#renderer/stores/actions.ts'
import { useAccounts } from '#renderer/stores/app-store.ts'
import { useReplication } from '#renderer/stores/replication-store.ts'
import { openSettings } from '#renderer/stores/screen-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Switch } from '#renderer/ui/Choice.tsx'
import { Disclosed } from '#renderer/ui/Disclosed.tsx'
import { Fact, Working } from '#renderer/ui/Feedback.tsx'
import { Field } from '#renderer/ui/Field.tsx'
import { Card, Group } from '../settings/Group.tsx'
import { AnnouncedErasure } from './AnnouncedErasure.tsx'
import { LostEverything } from './LostEverything.tsx'
import { ReplicationProgress } from './ReplicationProgress.tsx'
import { ServerCopy } from './ServerCopy.tsx'
import { SwitchOffDialog } from './SwitchOffDialog.tsx'

/** Whether each account's history is kept on all its devices, and who learns what by it. */
export function ReplicationGroup() {
  const t = useT()
  const accounts = useAccounts()
  if (accounts.length === 0) return null
  return (
    <Group title={t('replication.group')} text={t('replication.groupText')}>
      {accounts.map((account) => (
        <AccountReplication key={account.id} account={account} />
      ))}
    </Group>
  )
}

function AccountReplication({ account }: { readonly account: AccountView }) {
  const t = useT()
  const view = useReplication(account.id)
  return (
    <Card>
      <h4 className="font-medium wrap-anywhere">{displayAor(account.aor)}</h4>
      {view === undefined ? <Working label={t('settings.loading')} /> : <Choice account={account} view={view} />}
    </Card>
  )
}

interface ViewProps {
  readonly view: ReplicationView
}

function Choice({ account, view }: ViewProps & { readonly account: AccountView }) {
  const t = useT()
  const [leaving, setLeaving] = useState(false)
  const [copy, setCopy] = useState<ServerCopyView | null>(null)
  // What became of the server's copy when it was switched off here.
  const [ended, setEnded] = useState<'erased' | 'kept' | null>(null)
  const on = useSwitchOn(view)
  const isOn = view.state !== 'off'
  return (
    <>
      <Switch
        isSelected={isOn}
        isDisabled={on.busy}
        onChange={(selected) => {
          setLeaving(!selected)
          if (!selected) return
          setCopy(null)
          setEnded(null)
          void on.start()
        }}
      >
        {t('replication.switch')}
      </Switch>
      {on.busy && <Working label={t('replication.switchingOn')} />}
      {on.error !== null && (
        <p role="alert" className="text-sm text-danger">
          {on.error}
        </p>
      )}
      {isOn && <AnnouncedErasure view={view} />}
      {on.isSealedElsewhere && <LostEverything {...{ account, ...on.question }} />}
      {isOn ? (
        <Running view={view} onCancel={() => setLeaving(true)} />
      ) : (
        <>
          <Address view={view} on={on} />
          <Explanation server={view.server} />
        </>
      )}
      {(isOn || ended !== null) && (
        <ServerCopy accountId={account.id} copy={copy} onCopy={setCopy} wasErased={ended === 'erased'} />
      )}
      {leaving && (
        <SwitchOffDialog
          account={account}
          server={view.server ?? account.server}
          onClose={() => setLeaving(false)}
          onOff={(answer) => {
            setLeaving(false)
            setCopy(answer)
            setEnded(answer === null ? 'kept' : 'erased')
          }}
        />
      )}
    </>
  )
}

/** What the user typed about the server, and turning replication on with it. */
interface SwitchingOn {
  readonly server: string
  readonly setServer: (server: string) => void
  readonly invitation: string
  readonly setInvitation: (invitation: string) => void
  readonly busy: boolean
  readonly serverError: string | null
  readonly invitationError: string | null
  readonly error: string | null
  /** Other devices of the account have the keys of what is there. */
  readonly isSealedElsewhere: boolean
  /** What was typed; null = nothing. */
  readonly question: { readonly server: string | null; readonly invitation: string | null }
  readonly start: () => Promise<void>
}

interface Failure {
  readonly isSealedElsewhere?: boolean
  readonly at: 'server' | 'invitation' | 'form'
  readonly text: string
}

const typed = (text: string): string | null => (text.trim() === '' ? null : text.trim())

function useSwitchOn(view: ReplicationView): SwitchingOn {
  const t = useT()
  const [server, setServer] = useState('')
  const [invitation, setInvitation] = useState('')
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Failure | null>(null)

  const question = { server: typed(server), invitation: typed(invitation) }

  async function start(): Promise<void> {
    if (view.server === null && typed(server) === null && !parseInvitation(invitation).ok) {
      setFailure({ at: 'server', text: t('replication.serverMissing') })
      return
    }
    setBusy(true)
    setFailure(null)
    const reply = await attempt('replication.switchOn', { accountId: view.accountId, ...question })
    setBusy(false)
    if (reply.ok) return
    const at = reply.code === 'invitation-invalid' ? 'invitation' : 'form'
    const isSealedElsewhere = reply.code === 'replica-needs-linking'
    setFailure({ at, isSealedElsewhere, text: errorText(t, reply.code, reply.params) })
  }

  const at = (place: Failure['at']): string | null => (failure?.at === place ? failure.text : null)
  return {
    ...{ server, setServer, invitation, setInvitation, busy, start, question },
    isSealedElsewhere: failure?.isSealedElsewhere === true,
    ...{ serverError: at('server'), invitationError: at('invitation'), error: at('form') },
  }
}

/** Where the history is to be kept: asked where no server is known, behind a line where one is. */
function Address({ view, on }: ViewProps & { readonly on: SwitchingOn }) {
  const t = useT()
  const fields = (
    <>
      <Field
        label={t('replication.server')}
        hint={t('replication.serverHint')}
        value={on.server}
        onChange={on.setServer}
        error={on.serverError}
        isDisabled={on.busy}
        maxLength={300}
        autoComplete="off"
      />
      <Field
        label={t('replication.invitation')}
        hint={t('replication.invitationHint')}
        value={on.invitation}
        onChange={on.setInvitation}
        error={on.invitationError}
        isDisabled={on.busy}
        maxLength={600}
        lines={2}
        mono
        autoComplete="off"
      />
    </>
  )
  if (view.server !== null) {
    return (
      <Disclosed label={t('replication.otherServer')} open={on.invitationError !== null}>
        {fields}
      </Disclosed>
    )
  }
  return (
    <>
      <p className="text-sm text-soft">{t('replication.foreign')}</p>
      {fields}
    </>
  )
}

/** What happens with it on, before it is. */
function Explanation({ server }: { readonly server: string | null }) {
  const t = useT()
  return (
    <dl className="text-sm">
      <Fact term={t('replication.what')}>{t('replication.whatText')}</Fact>
      <Fact term={t('replication.where')}>{server ?? t('replication.whereTyped')}</Fact>
      <Fact term={t('replication.howLong')}>{t('replication.howLongText')}</Fact>
      <Fact term={t('replication.learns')}>{t('replication.learnsText')}</Fact>
      <Fact term={t('replication.nobody')}>{t('replication.nobodyText')}</Fact>
    </dl>
  )
}

function Running({ view, onCancel }: ViewProps & { readonly onCancel: () => void }) {
  const t = useT()
  return (
    <>
      <ReplicationProgress view={view} onCancel={onCancel} />
      <Disclosed label={t('replication.explained')}>
        <Explanation server={view.server} />
      </Disclosed>
      <div>
        <Button size="small" onPress={() => openSettings('devices')}>
          {t('replication.toDevices')}
        </Button>
      </div>
    </>
  )
}
