import { Eye } from 'lucide-react'
import { useState } from 'react'
import type { ConversationId } from '#shared/model/ids.ts'
import type { ContactPolicy, ContactView, ConversationView } from '#shared/model/views.ts'
import { displayAor } from '#shared/model/aor.ts'
import { formatDateTime } from '#renderer/i18n/format.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { useAccount, useContact } from '#renderer/stores/app-store.ts'
import { useConversation } from '#renderer/stores/conversation-store.ts'
import { showDialog } from '#renderer/stores/screen-store.ts'
import { Avatar } from '#renderer/ui/Avatar.tsx'
import { Button } from '#renderer/ui/Button.tsx'
import { Select } from '#renderer/ui/Choice.tsx'
import { CopyButton } from '#renderer/ui/CopyButton.tsx'
import { DialogActions } from '#renderer/ui/Dialog.tsx'
import { Banner, Fact } from '#renderer/ui/Feedback.tsx'
import { Field } from '#renderer/ui/Field.tsx'
import { callPolicies } from '../calls/call-policies.ts'
import { CallDevices } from './CallDevices.tsx'
import { KeepSettings } from './KeepSettings.tsx'
import { conversationName } from '../conversations/ConversationRow.tsx'

const policyKeys = {
  accepted: 'policyAccepted',
  pending: 'policyPending',
  blocked: 'policyBlocked',
  none: 'policyNone',
} as const

/** Who this is, what one noted about them, and who can read the conversation. */
export function ContactCard({ id, onClose }: { readonly id: ConversationId; readonly onClose: () => void }) {
  const conversation = useConversation(id)
  return conversation === undefined ? null : <Card conversation={conversation} onClose={onClose} />
}

function Card({ conversation, onClose }: { readonly conversation: ConversationView; readonly onClose: () => void }) {
  const t = useT()
  const { id } = conversation
  const contact = useContact(conversation.accountId, conversation.peer)
  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-wrap items-center gap-3">
        <Avatar name={conversationName(conversation)} seed={conversation.peer} size="large" />
        <div className="min-w-0 flex-1 basis-44">
          <bdi className="line-clamp-2 text-lg font-semibold wrap-anywhere">{conversationName(conversation)}</bdi>
          <p className="text-sm wrap-anywhere text-soft selectable">{displayAor(conversation.peer)}</p>
        </div>
        <CopyButton text={displayAor(conversation.peer)} />
      </div>
      <Banner icon={Eye} tone="warn">
        <p className="font-medium">{t('contact.whoReads')}</p>
        <p>{t('contact.whoReadsServers')}</p>
      </Banner>
      {contact !== undefined && <NameAndNote key={id} conversation={conversation} contact={contact} />}
      <Facts conversation={conversation} contact={contact} />
      {contact !== undefined && <ContactCallPolicy conversation={conversation} contact={contact} />}
      <CallDevices key={`devices ${id}`} id={id} />
      <KeepSettings conversation={conversation} />
      <DialogActions>
        <Button onPress={() => showDialog({ kind: 'export', id })}>{t('archive.exportAction')}</Button>
        <Button variant="plainDanger" onPress={() => showDialog({ kind: 'erase-conversation', id })}>
          {t('list.erase')}
        </Button>
        <PolicyButtons conversation={conversation} />
        <Button variant="primary" onPress={onClose}>
          {t('app.done')}
        </Button>
      </DialogActions>
    </div>
  )
}

function PolicyButtons({ conversation }: { readonly conversation: ConversationView }) {
  const t = useT()
  const set = (policy: 'accepted' | 'blocked'): void => {
    void perform('contacts.setPolicy', { conversationId: conversation.id, policy })
  }
  return (
    <>
      {conversation.policy !== 'blocked' && <Button onPress={() => set('blocked')}>{t('contact.block')}</Button>}
      {conversation.policy === 'blocked' && <Button onPress={() => set('accepted')}>{t('contact.unblock')}</Button>}
      {conversation.policy === 'pending' && <Button onPress={() => set('accepted')}>{t('contact.accept')}</Button>}
    </>
  )
}

function NameAndNote({ conversation, contact }: { conversation: ConversationView; contact: ContactView }) {
  const t = useT()
  const given = contact.nameSource === 'user' ? contact.name : ''
  const [name, setName] = useState(given)
  const [note, setNote] = useState(contact.note)
  const keep = (): void => {
    if (name === given && note === contact.note) return
    void perform('contacts.update', { conversationId: conversation.id, name: name.trim(), note })
  }
  return (
    <div className="flex flex-col gap-3">
      <Field
        label={t('contact.name')}
        hint={contact.nameSource === 'peer' ? t('contact.namePeer', { name: contact.name }) : t('contact.nameHint')}
        value={name}
        onChange={setName}
        onBlur={keep}
        maxLength={80}
        autoComplete="off"
      />
      <Field
        label={t('contact.note')}
        hint={t('contact.noteHint')}
        value={note}
        onChange={setNote}
        onBlur={keep}
        maxLength={2000}
        lines={3}
      />
    </div>
  )
}

/** What calls with this person demand of the keys, where it differs from the account. */
function ContactCallPolicy({ conversation, contact }: { conversation: ConversationView; contact: ContactView }) {
  const t = useT()
  const account = useAccount(conversation.accountId)
  const own = account === undefined ? '' : t(`callSettings.${account.callPolicy}`)
  return (
    <Select
      label={t('callSettings.contactPolicy')}
      value={contact.callPolicy ?? 'account'}
      options={[
        { value: 'account', label: t('callSettings.asAccount', { policy: own }) },
        ...callPolicies.map((value) => ({ value, label: t(`callSettings.${value}`) })),
      ]}
      onChange={(chosen) => {
        const callPolicy = chosen === 'account' ? null : chosen
        void perform('contacts.update', { conversationId: conversation.id, callPolicy })
      }}
    />
  )
}

function Facts({ conversation, contact }: { conversation: ConversationView; contact: ContactView | undefined }) {
  const t = useT()
  const language = useLanguage()
  const account = useAccount(conversation.accountId)
  const policy: ContactPolicy = conversation.policy
  return (
    <dl className="grid grid-cols-2 gap-x-4 text-sm">
      <Fact term={t('contact.policy')}>{t(`contact.${policyKeys[policy]}`)}</Fact>
      <Fact term={t('contact.account')}>{account === undefined ? '' : displayAor(account.aor)}</Fact>
      {contact !== undefined && contact.addedAt > 0 && (
        <Fact term={t('contact.added')}>{formatDateTime(language, contact.addedAt)}</Fact>
      )}
    </dl>
  )
}
