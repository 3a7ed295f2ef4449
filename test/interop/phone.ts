/** A user agent of ours on a UDP socket, without the stack around it. */
import { createDatagrams } from '#main/platform/sockets/datagrams.ts'
import { createConnector } from '#main/platform/sockets/connector.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { createUserAgent } from '#protocol/sip/user-agent/jssip-user-agent.ts'
import { openFlow } from '#protocol/sip/user-agent/open-flow.ts'
import type { SipSession, UserAgent, UserAgentEvent } from '#protocol/sip/user-agent/user-agent.ts'
import { silentLog } from '#test/fakes/silent-log.ts'
import { kamailioDomain } from './kamailio.ts'
import { waitUntil } from './peers.ts'

export interface Phone {
  readonly agent: UserAgent
  readonly sessions: SipSession[]
}

/** Registers `user` at a server of this computer. */
export async function phoneAt(port: number, user: string): Promise<Phone> {
  const secrets = { username: user, realm: null, ha1Md5: null, ha1Sha256: null, strongest: null }
  const agent = createUserAgent(
    {
      ...{ aor: `sip:${user}@${kamailioDomain}`, displayName: user, transport: 'udp' },
      instanceId: `urn:uuid:${crypto.randomUUID()}`,
      secrets: { ...secrets, password: Buffer.from(`${user}pw`) },
    },
    { clock: systemClock, random: systemRandom, log: silentLog },
  )
  const events: UserAgentEvent[] = []
  const sessions: SipSession[] = []
  agent.onEvent((event) => {
    events.push(event)
    if (event.kind === 'session') sessions.push(event.session)
  })
  const flow = await openFlow(
    { kind: 'datagram', host: '127.0.0.1', port },
    {
      ...{ clock: systemClock, random: systemRandom, datagrams: createDatagrams() },
      connector: createConnector({ clock: systemClock }),
      resolver: { addresses: () => Promise.resolve([]) },
    },
  )
  if (!flow.ok) throw new Error(flow.error.kind)
  agent.attach(flow.value)
  await waitUntil(() => events.some(({ kind }) => kind === 'registered'), `${user} registers`)
  return { agent, sessions }
}
