import { useState } from 'react'
import { Form } from 'react-aria-components'
import type { AccountView } from '#shared/model/views.ts'
import { displayAor } from '#shared/model/aor.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { formatDateTime } from '#renderer/i18n/format.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { ask, attempt, perform, withSecret } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { CopyButton } from '#renderer/ui/CopyButton.tsx'
import { Dialog, DialogActions } from '#renderer/ui/Dialog.tsx'
import { Field } from '#renderer/ui/Field.tsx'

interface AccountProps {
  readonly account: AccountView
}

/** Replaces the password Sotto signs in with. */
export function ChangePassword({ account }: AccountProps) {
  const t = useT()
  const [open, setOpen] = useState(false)
  const [password, setPassword] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const close = (): void => {
    setOpen(false)
    setPassword('')
    setError(null)
  }

  async function change(): Promise<void> {
    setBusy(true)
    const reply = await withSecret(password, (bytes) =>
      attempt('accounts.changePassword', { accountId: account.id, password: bytes }),
    )
    setBusy(false)
    if (reply.ok) close()
    else setError(errorText(t, reply.code, reply.params))
  }

  return (
    <>
      <Button size="small" onPress={() => setOpen(true)}>
        {t('accounts.changePassword')}
      </Button>
      {open && (
        <Dialog title={t('accounts.changePassword')} closeLabel={t('app.close')} onClose={close}>
          <Form
            className="flex flex-col gap-3"
            onSubmit={(event) => {
              event.preventDefault()
              if (password !== '' && !busy) void change()
            }}
          >
            <p className="text-sm text-soft">{t('accounts.changePasswordText')}</p>
            <Field
              label={t('accounts.password')}
              type="password"
              value={password}
              onChange={setPassword}
              error={error}
              autoFocus
              maxLength={300}
              autoComplete="current-password"
              revealLabel={t('onboarding.showPassphrase')}
            />
            <DialogActions>
              <Button onPress={close}>{t('app.cancel')}</Button>
              <Button
                type="submit"
                variant="primary"
                isDisabled={password === ''}
                pendingText={busy ? t('app.saving') : undefined}
              >
                {t('app.save')}
              </Button>
            </DialogActions>
          </Form>
        </Dialog>
      )}
    </>
  )
}

/** Removes an account after a question. */
export function RemoveAccount({ account }: AccountProps) {
  const t = useT()
  const [open, setOpen] = useState(false)
  const [busy, setBusy] = useState(false)
  return (
    <>
      <Button size="small" variant="plainDanger" onPress={() => setOpen(true)}>
        {t('accounts.remove')}
      </Button>
      {open && (
        <Dialog
          title={t('accounts.removeTitle', { account: displayAor(account.aor) })}
          closeLabel={t('app.close')}
          role="alertdialog"
          onClose={() => setOpen(false)}
        >
          <p>{t('accounts.removeText')}</p>
          <DialogActions>
            <Button autoFocus onPress={() => setOpen(false)}>
              {t('app.cancel')}
            </Button>
            <Button
              variant="danger"
              pendingText={busy ? t('accounts.removing') : undefined}
              onPress={() => {
                setBusy(true)
                void perform('accounts.remove', { accountId: account.id }).then(() => {
                  setBusy(false)
                  setOpen(false)
                })
              }}
            >
              {t('accounts.remove')}
            </Button>
          </DialogActions>
        </Dialog>
      )}
    </>
  )
}

/** Makes an invitation to this computer's server for one person of the network. */
export function Invite({ account }: AccountProps) {
  const t = useT()
  const language = useLanguage()
  const [open, setOpen] = useState(false)
  const [made, setMade] = useState<{ readonly invitation: string; readonly expiresAt: number } | null>(null)
  const [busy, setBusy] = useState(false)
  const close = (): void => {
    setOpen(false)
    setMade(null)
  }
  return (
    <>
      <Button size="small" onPress={() => setOpen(true)}>
        {t('accounts.invite')}
      </Button>
      {open && (
        <Dialog title={t('accounts.invite')} closeLabel={t('app.close')} onClose={close}>
          <p className="text-sm text-soft">{t('accounts.inviteText')}</p>
          {made === null ? (
            <DialogActions>
              <Button
                variant="primary"
                pendingText={busy ? t('accounts.inviteMaking') : undefined}
                onPress={() => {
                  setBusy(true)
                  void ask('home.invite', { accountId: account.id }).then((answer) => {
                    setBusy(false)
                    setMade(answer)
                  })
                }}
              >
                {t('accounts.inviteMake')}
              </Button>
            </DialogActions>
          ) : (
            <div className="mt-3 flex flex-col gap-2" role="status">
              <p className="text-sm font-medium">{t('accounts.inviteLabel')}</p>
              <p className="rounded-lg border border-line bg-sunken p-3 font-mono text-sm break-all selectable">
                {made.invitation}
              </p>
              <p className="text-sm text-soft">
                {t('accounts.inviteExpires', { time: formatDateTime(language, made.expiresAt) })}
              </p>
              <DialogActions>
                <CopyButton text={made.invitation} />
              </DialogActions>
            </div>
          )}
        </Dialog>
      )}
    </>
  )
}
