import { useState } from 'react'
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components'
import type { AccountId } from '#shared/model/ids.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { segmentClass, segmentPairsClass } from '#renderer/ui/segments.ts'
import { LinkForm } from '../linking/LinkForm.tsx'
import { RestoreForm } from '../restore/RestoreForm.tsx'
import { LocalAccountForm } from './LocalAccountForm.tsx'
import { SignInForm } from './SignInForm.tsx'

/** Properties of {@link AccountForm}. */
export interface AccountFormProps {
  readonly onDone: (id: AccountId) => void
  /** The account came from another device, or from the paper secret: everything that belongs to it exists already. */
  readonly onLinked: () => void
}

/** Sign in with an account one has, make one on this computer, get one from another device, or back from its paper secret. */
export function AccountForm({ onDone, onLinked }: AccountFormProps) {
  const t = useT()
  const [tab, setTab] = useState('local')
  return (
    <Tabs selectedKey={tab} onSelectionChange={(key) => setTab(String(key))} className="flex flex-col gap-4">
      <TabList aria-label={t('onboarding.stepAccount')} className={segmentPairsClass}>
        <Tab id="local" className={segmentClass}>
          {t('onboarding.createHere')}
        </Tab>
        <Tab id="sign-in" className={segmentClass}>
          {t('onboarding.signIn')}
        </Tab>
        <Tab id="link" className={segmentClass}>
          {t('linking.tab')}
        </Tab>
        <Tab id="restore" className={segmentClass}>
          {t('restore.tab')}
        </Tab>
      </TabList>
      <TabPanel id="local" className="outline-offset-4">
        <LocalAccountForm onDone={onDone} />
      </TabPanel>
      <TabPanel id="sign-in" className="outline-offset-4">
        <SignInForm onDone={onDone} />
      </TabPanel>
      <TabPanel id="link" className="outline-offset-4">
        <LinkForm onLinked={onLinked} />
      </TabPanel>
      <TabPanel id="restore" className="outline-offset-4">
        <RestoreForm onRestored={onLinked} />
      </TabPanel>
    </Tabs>
  )
}
