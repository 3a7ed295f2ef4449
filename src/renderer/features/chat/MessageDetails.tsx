import type { MessagePath, MessageView } from '#shared/model/views.ts'
import { displayAor } from '#shared/model/aor.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { formatDateTime } from '#renderer/i18n/format.ts'
import { useLanguage, useT, type Translate } from '#renderer/i18n/i18n.ts'
import { useLoaded } from '#renderer/stores/message-store.ts'
import { Dialog } from '#renderer/ui/Dialog.tsx'
import { Fact } from '#renderer/ui/Feedback.tsx'
import { recordWords } from '../calls/call-words.ts'

/** How a message travelled, when, and who vouches for its author. */
export function MessageDetails({ message, onClose }: { readonly message: MessageView; readonly onClose: () => void }) {
  const t = useT()
  // The state goes on changing while one looks.
  const current = useLoaded(message.conversationId).window?.messages.find((other) => other.key === message.key)
  return (
    <Dialog title={t('details.title')} closeLabel={t('app.close')} onClose={onClose}>
      <Facts message={current ?? message} />
    </Dialog>
  )
}

function pathText(t: Translate, path: MessagePath | undefined): string {
  if (path === 'msrp') return t('details.pathMsrp')
  return path === 'sip-message' ? t('details.pathSip') : t('details.pathUnknown')
}

function stateText(t: Translate, message: MessageView): string {
  if (message.call !== undefined) return recordWords(t, message.call, message.direction)
  return message.direction === 'outgoing' ? t(`state.${message.state}`) : t('state.received')
}

const vouching = {
  server: 'byServer',
  'own-device': 'byOwnDevice',
  otr: 'byOtr',
  omemo: 'byOmemo',
  file: 'byFile',
} as const

function Facts({ message }: { readonly message: MessageView }) {
  const t = useT()
  const language = useLanguage()
  const own = message.direction === 'outgoing'
  return (
    <dl className="text-sm">
      <Fact term={t('details.state')}>{stateText(t, message)}</Fact>
      {message.failure !== undefined && <Fact term={t('details.reason')}>{errorText(t, message.failure)}</Fact>}
      {message.call === undefined && <Fact term={t('details.path')}>{pathText(t, message.path)}</Fact>}
      <Fact term={t('details.sentAt')}>{formatDateTime(language, message.sentAt)}</Fact>
      {!own && <Fact term={t('details.receivedAt')}>{formatDateTime(language, message.receivedAt)}</Fact>}
      <Fact term={t('details.author')}>
        <bdi>{displayAor(message.author)}</bdi>
      </Fact>
      <Fact term={t('details.vouched')}>{t(`details.${vouching[message.authenticatedBy]}`)}</Fact>
    </dl>
  )
}
