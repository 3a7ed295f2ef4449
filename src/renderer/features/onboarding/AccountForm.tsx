import { useState } from 'react'
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components'
import type { AccountId } from '#shared/model/ids.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { LocalAccountForm } from './LocalAccountForm.tsx'
import { SignInForm } from './SignInForm.tsx'

const tabClass =
  'flex flex-1 items-center justify-center rounded-md px-3 py-1.5 text-center text-sm data-[selected]:bg-raised data-[selected]:font-medium ' +
  'data-[selected]:shadow-sm forced-colors:data-[selected]:outline'

/** Sign in with an account one has, or make one on this computer. */
export function AccountForm({ onDone }: { readonly onDone: (id: AccountId) => void }) {
  const t = useT()
  const [tab, setTab] = useState('local')
  return (
    <Tabs selectedKey={tab} onSelectionChange={(key) => setTab(String(key))} className="flex flex-col gap-4">
      <TabList aria-label={t('onboarding.stepAccount')} className="flex gap-1 rounded-lg bg-hover p-1">
        <Tab id="local" className={tabClass}>
          {t('onboarding.createHere')}
        </Tab>
        <Tab id="sign-in" className={tabClass}>
          {t('onboarding.signIn')}
        </Tab>
      </TabList>
      <TabPanel id="local" className="outline-offset-4">
        <LocalAccountForm onDone={onDone} />
      </TabPanel>
      <TabPanel id="sign-in" className="outline-offset-4">
        <SignInForm onDone={onDone} />
      </TabPanel>
    </Tabs>
  )
}
