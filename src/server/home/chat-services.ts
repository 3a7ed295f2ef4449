import { createHash } from 'node:crypto'
import { EchoCalls } from './echo/calls/echo-calls.ts'
import type { ZrtpMemory } from './echo/calls/zrtp-memory.ts'
import { EchoContact, echoUser } from './echo/echo-contact.ts'
import { EchoChats } from './echo/echo-sessions.ts'
import { SessionKinds } from './echo/session-kinds.ts'
import type { AccountsPort } from './proxy/ports.ts'
import type { SipProxy } from './proxy/sip-proxy.ts'
import { MsrpRelay, type Ha1Port } from './relay/relay.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { DatagramsPort } from '#shared/ports/datagrams.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'

/** The relay, and the echo contact that lives in it. */
export interface ChatServices {
  readonly relay: MsrpRelay
  stop(): void
}

/** The users of the domain and the echo contact, which nobody can sign in as. */
export function withEcho(accounts: AccountsPort): AccountsPort {
  return {
    exists: (user) => user === echoUser || accounts.exists(user),
    ha1: (user, realm, algorithm) => (user === echoUser ? null : accounts.ha1(user, realm, algorithm)),
  }
}

export interface ChatServicesPorts {
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly log: LogPort
  readonly accounts: AccountsPort
  readonly domain: string
  readonly proxy: SipProxy
  readonly datagrams: Pick<DatagramsPort, 'bind'>
  readonly echoSecrets: ZrtpMemory
  readonly relayAddress: (secure: boolean) => { readonly host: string; readonly port: number }
}

export function startChat(ports: ChatServicesPorts): ChatServices {
  const { accounts, clock, domain, log, proxy, random } = ports
  // Made anew at each start and known to nobody but the two ends inside this process.
  const echoHa1 = createHash('sha256').update(random.bytes(32)).digest('hex')
  const relay = new MsrpRelay({
    ...{ clock, random, realm: domain },
    log: log.child('relay'),
    advertise: ports.relayAddress,
    secrets: relaySecrets(accounts, domain, echoHa1),
  })
  const echo = new EchoContact({
    ...{ clock, domain, random },
    log: log.child('echo'),
    register: (handler) => proxy.registerLocal(echoUser, handler),
    makeSessions: (contact) => new SessionKinds(makeChats(contact, relay, echoHa1, ports), makeCalls(contact, ports)),
  })
  return {
    relay,
    stop: () => {
      echo.stop()
      relay.stop()
    },
  }
}

function makeChats(contact: EchoContact, relay: MsrpRelay, ha1Sha256: string, ports: ChatServicesPorts): EchoChats {
  const { clock, domain, log, random, relayAddress } = ports
  return new EchoChats(contact, {
    ...{ clock, random },
    log: log.child('echo'),
    acceptSocket: (socket) => relay.acceptSocket(socket),
    relayUri: () => `msrp://${echoUser}@${hostPort(relayAddress(false))};ws`,
    credentials: { realm: domain, ha1Sha256 },
  })
}

function makeCalls(contact: EchoContact, ports: ChatServicesPorts): EchoCalls {
  const { clock, datagrams, echoSecrets, random, relayAddress } = ports
  return new EchoCalls({
    ...{ clock, random, datagrams, memory: echoSecrets },
    contactUri: () => contact.contactUri,
    send: (request) => contact.send(request),
    host: () => relayAddress(true).host,
  })
}

function relaySecrets(accounts: AccountsPort, domain: string, echoHa1: string): Ha1Port {
  return {
    ha1: (user, realm, algorithm) => {
      const own = algorithm === 'SHA-256' && realm === domain ? echoHa1 : null
      return Promise.resolve(user === echoUser ? own : accounts.ha1(user, realm, algorithm))
    },
  }
}

function hostPort({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
