/** The program's own signalling, in-process on real sockets, as the interop tests drive it. */
import { createSignalling } from '#main/accounts/signalling/signalling-service.ts'
import type {
  IncomingBody,
  SignallingAccount,
  SignallingEvent,
  SignallingPort,
} from '#main/accounts/signalling-port.ts'
import { createConnector } from '#main/platform/sockets/connector.ts'
import { createDatagrams } from '#main/platform/sockets/datagrams.ts'
import { createDnsResolver } from '#main/platform/sockets/dns-resolver.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { ConnectorPort } from '#shared/ports/sockets.ts'
import { err } from '#shared/result.ts'
import { waitUntil } from './peers.ts'

/** Says nothing, unless SOTTO_TEST_LOG is set. */
export const testLog: LogPort = {
  debug: (event, fields) => print('debug', event, fields),
  info: (event, fields) => print('info', event, fields),
  warn: (event, fields) => print('warn', event, fields),
  error: (event, fields) => print('error', event, fields),
  child: () => testLog,
}

function print(level: string, event: string, fields: unknown): void {
  if (process.env.SOTTO_TEST_LOG !== undefined) console.log(level, event, fields)
}

export interface Stack {
  readonly port: SignallingPort
  readonly account: SignallingAccount
  readonly events: readonly SignallingEvent[]
  /** Bodies taken so far, oldest first. */
  readonly bodies: readonly IncomingBody[]
  /** Ids of the messages sent so far. */
  readonly ids: readonly string[]
  /** What to do with the next bodies; `accept` by default. A number refuses, but 202 takes. */
  decide: (body: IncomingBody) => 'accept' | 'ignore' | number
  /** What to answer to chat invitations; `accept` by default. */
  invited: 'accept' | 'ring' | 'decline'
  send(to: string, text: string, options?: SendOptions): ReturnType<SignallingPort['send']>
  registered(): Promise<void>
  /** Pulls the plug: every connection ends without a good-bye, and no new one comes up. */
  readonly cut: () => void
  /** Waits for a body that contains `text`. */
  body(text: string): Promise<IncomingBody>
}

interface SendOptions {
  readonly prefer?: 'msrp' | 'message'
  readonly contentType?: string
}

const utf8 = new TextDecoder()

function cuttable(real: ConnectorPort): { readonly connector: ConnectorPort; readonly cut: () => void } {
  const open: (() => void)[] = []
  let isCut = false
  const unreachable = err({ kind: 'unreachable' } as const)
  const connector: ConnectorPort = {
    stream: async (...args) => {
      const result = isCut ? unreachable : await real.stream(...args)
      if (result.ok) open.push(() => result.value.close())
      return result
    },
    webSocket: async (...args) => {
      const result = isCut ? unreachable : await real.webSocket(...args)
      if (result.ok) open.push(() => result.value.close())
      return result
    },
  }
  const cut = (): void => {
    isCut = true
    for (const close of open) close()
  }
  return { connector, cut }
}

const none = (): Promise<never[]> => Promise.resolve([])

/** A new stack for `name@sotto.test`. */
export function makeStack(
  name: string,
  overrides: Partial<SignallingAccount>,
  // Tests share their processors with other tests.
  chatOpenWaitMs = 15_000,
): Stack {
  const { connector, cut } = cuttable(createConnector({ clock: systemClock }))
  const port = createSignalling({
    connector,
    datagrams: createDatagrams(),
    resolver: { naptr: none, srv: none, addresses: (name) => createDnsResolver().addresses(name) },
    clock: systemClock,
    random: systemRandom,
    log: testLog,
    chatOpenWaitMs,
  })
  const account: SignallingAccount = {
    id: `account-${name}` as AccountId,
    aor: `sip:${name}@sotto.test` as Aor,
    displayName: name,
    transport: 'ws',
    server: null,
    credentials: {
      username: name,
      realm: null,
      ha1Md5: null,
      ha1Sha256: null,
      password: Buffer.from(`${name}pw`),
      strongest: null,
    },
    instanceId: `urn:uuid:${crypto.randomUUID()}`,
    extraAuthorities: [],
    spkiPins: [],
    ...overrides,
  }
  const events: SignallingEvent[] = []
  const bodies: IncomingBody[] = []
  const ids: string[] = []
  const nextId = (): string => {
    // A server knows a repetition by it, so it must be new in every test.
    const id = crypto.randomUUID().replaceAll('-', '')
    ids.push(id)
    return id
  }
  const stack: Stack = {
    port,
    account,
    events,
    bodies,
    ids,
    decide: () => 'accept',
    invited: 'accept',
    cut,
    send: (to, text, { prefer = 'msrp', contentType = 'text/plain' } = {}) =>
      port.send({
        accountId: account.id,
        to,
        body: { contentType, payload: Buffer.from(text) },
        prefer,
        messageId: nextId(),
      }),
    registered: () =>
      waitUntil(
        () => events.some((event) => event.kind === 'connection' && event.connection.kind === 'registered'),
        `${name} registers; saw ${JSON.stringify(events.filter((event) => event.kind === 'connection'))}`,
      ),
    body: async (text) => {
      const find = (): IncomingBody | undefined => bodies.find((body) => utf8.decode(body.payload).includes(text))
      await waitUntil(() => find() !== undefined, `${name} receives ${text}`)
      return find()!
    },
  }
  port.onEvent((event) => {
    events.push(event)
    if (event.kind === 'chat-session') void port.answerChatSession(event.chat.session, stack.invited)
    if (event.kind !== 'body') return
    bodies.push(event.body)
    const decision = stack.decide(event.body)
    if (decision === 'accept') void port.accept(event.body.receipt)
    else if (decision === 202) void port.accept(event.body.receipt, 202)
    else if (decision !== 'ignore') void port.refuse(event.body.receipt, decision)
  })
  return stack
}
