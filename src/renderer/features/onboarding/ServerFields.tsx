import { TriangleAlert } from 'lucide-react'
import { useT } from '#renderer/i18n/i18n.ts'
import { Select } from '#renderer/ui/Choice.tsx'
import { Disclosed } from '#renderer/ui/Disclosed.tsx'
import { Banner } from '#renderer/ui/Feedback.tsx'
import { Field } from '#renderer/ui/Field.tsx'

/** How an account reaches its server; `auto` = as the address says. */
export type Transport = 'auto' | 'wss' | 'ws' | 'tls' | 'tcp' | 'udp'

/** Properties of {@link ServerFields}. */
export interface ServerFieldsProps {
  readonly transport: Transport
  readonly onTransport: (transport: Transport) => void
  readonly server: string
  readonly onServer: (server: string) => void
}

/** How to reach the server, for those whose provider says so. */
export function ServerFields({ transport, onTransport, server, onServer }: ServerFieldsProps) {
  const t = useT()
  return (
    <Disclosed label={t('onboarding.advanced')}>
      <Select
        label={t('onboarding.transport')}
        value={transport}
        onChange={onTransport}
        options={[
          { value: 'auto', label: t('onboarding.transportAuto') },
          { value: 'wss', label: t('onboarding.transportWss') },
          { value: 'tls', label: t('onboarding.transportTls') },
          { value: 'ws', label: t('onboarding.transportWs') },
          { value: 'tcp', label: t('onboarding.transportTcp') },
          { value: 'udp', label: t('onboarding.transportUdp') },
        ]}
      />
      {(transport === 'ws' || transport === 'tcp' || transport === 'udp') && (
        <Banner icon={TriangleAlert} tone="warn" role="status">
          {t('onboarding.transportOpen')}
        </Banner>
      )}
      <Field
        label={t('onboarding.server')}
        hint={t('onboarding.serverHint')}
        value={server}
        onChange={onServer}
        maxLength={400}
        autoComplete="off"
      />
    </Disclosed>
  )
}
