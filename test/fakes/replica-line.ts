/** A person's device at its SIP server, as the program is: in-process, with the real user agent. */
import { startHeads } from '#main/compose-heads.ts'
import { createSignalling } from '#main/accounts/signalling/signalling-service.ts'
import type { IncomingBody, SignallingEvent } from '#main/accounts/signalling-port.ts'
import { signallingAccountOf } from '#main/accounts/signalling-account.ts'
import { createConnector } from '#main/platform/sockets/connector.ts'
import { createDatagrams } from '#main/platform/sockets/datagrams.ts'
import { createDnsResolver } from '#main/platform/sockets/dns-resolver.ts'
import { systemClock, systemRandom } from '#server/home/system-ports.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import { alice, aliceAccount } from '#test/integration/history/history-fixture.ts'
import { silentLog } from './silent-log.ts'
import type { PersonDevice } from './replica-person.ts'

/** How much faster heads go out than they do: nobody waits for an hour. */
const faster = 200
const quick: ClockPort = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic() * faster,
  after: (delayMs, run) => systemClock.after(delayMs / faster, run),
}

export interface SipLine {
  /** Bodies that came over it. */
  readonly bodies: readonly IncomingBody[]
  /** Its registration ends and begins again. */
  reconnect(): Promise<void>
  stop(): Promise<void>
}

export async function signInAtSip(device: PersonDevice): Promise<SipLine> {
  const signalling = createSignalling({
    ...{ connector: createConnector({ clock: systemClock }), datagrams: createDatagrams() },
    ...{ resolver: createDnsResolver(), clock: systemClock, random: systemRandom, log: silentLog },
  })
  const bodies: IncomingBody[] = []
  const registered = Promise.withResolvers<void>()
  signalling.onEvent((event: SignallingEvent) => {
    if (event.kind === 'body') bodies.push(event.body)
    if (event.kind === 'connection' && event.connection.kind === 'registered') registered.resolve()
  })
  const stopHeads = startHeads(
    { clock: quick, random: systemRandom },
    {
      ...{ signalling, replicas: { headsOf: (account) => device.replicas.headsOf(account) } },
      accounts: { list: () => [{ id: aliceAccount, aor: alice }] },
    },
  )
  const record = { ...device.record, id: aliceAccount, username: 'alice', realm: 'example.org' }
  const account = signallingAccountOf({ ...record, strongest: 'SHA-256' }, null)
  await signalling.configure(account)
  await registered.promise
  return {
    bodies,
    reconnect: () => signalling.configure(account),
    stop: async () => {
      stopHeads()
      await signalling.stop()
    },
  }
}
