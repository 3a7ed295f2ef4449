/** Wires heads that the devices of a person send each other directly: SIP MESSAGE to the own address. */
import { headsMediaType, isHeads } from '#shared/replication/heads.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { IncomingBody, SignallingPort } from './accounts/signalling-port.ts'
import { HeadsLine } from './replication/heads/heads-line.ts'
import type { Replicas } from './replication/replicas.ts'

interface Parts {
  readonly signalling: Pick<SignallingPort, 'send' | 'accept' | 'refuse' | 'onEvent'>
  readonly replicas: Pick<Replicas, 'headsOf'>
  readonly accounts: { list(): readonly { readonly id: AccountId; readonly aor: Aor }[] }
}

const forbidden = 403

/** Sends and hears them until the returned disposer is called. */
export function startHeads(
  ports: { readonly clock: ClockPort; readonly random: RandomPort },
  { signalling, replicas, accounts }: Parts,
): () => void {
  const aorOf = (id: AccountId): Aor | null => accounts.list().find((account) => account.id === id)?.aor ?? null
  const line = new HeadsLine({
    ...{ clock: ports.clock, random: ports.random, headsOf: (aor) => replicas.headsOf(aor) },
    send: async (aor, payload) => {
      const accountId = accounts.list().find((account) => account.aor === aor)?.id
      const body = { contentType: headsMediaType, payload }
      if (accountId === undefined) return
      await signalling.send({ accountId, to: aor, body, prefer: 'message', messageId: '', fleeting: true })
    },
  })
  const take = (body: IncomingBody): void => {
    const aor = aorOf(body.accountId)
    // Only the own registered flow speaks for the own address.
    const isOwn = body.fromSelf && body.path === 'sip-message' && body.from === aor
    const answered = isOwn ? signalling.accept(body.receipt) : signalling.refuse(body.receipt, forbidden)
    answered.catch(() => undefined)
    if (isOwn) line.hear(aor, body.payload)
  }
  const dispose = signalling.onEvent((event) => {
    if (event.kind === 'body' && isHeads(event.body.contentType)) take(event.body)
    const aor = event.kind === 'connection' ? aorOf(event.accountId) : null
    if (event.kind === 'connection' && aor !== null) line.setRegistered(aor, event.connection.kind === 'registered')
  })
  return () => {
    dispose()
    line.stop()
  }
}
