import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { takeLease, type Lease } from './lease-client.ts'
import { HomeClient } from './home-client.ts'
import { exitCodeLocked, type ServerProcess, type SpawnServer } from './spawn-server.ts'
import {
  homeServerAddress,
  type HomeCredentials,
  type HomeMe,
  type HomeServerAddress,
  type HomeServerControl,
  type NewHomeAccount,
} from './port.ts'
import { SottoError } from '#shared/errors.ts'
import { homeUserPattern, signUpTokenFileName, type HomeEndpoint, type InvitationReply } from '#shared/home/api.ts'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import { readInvitation } from '#shared/home/invitation.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { ConnectorPort } from '#shared/ports/sockets.ts'

export interface HomeControlPorts {
  /** The server's data directory, shared by all profiles of this user of the computer. */
  readonly directory: string
  readonly spawn: SpawnServer
  readonly connector: ConnectorPort
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly log: LogPort
  /** How long a start may take, ms. */
  readonly startMs?: number
}

/** A first start makes a certificate; on a busy computer that takes its time. */
const defaultStartMs = 60_000
const pollMs = 50
const longestRestartDelayMs = 30_000

/** Starts, finds, holds and asks the home server of this computer; asks others that an invitation leads to. */
export class HomeControl implements HomeServerControl {
  readonly #ports: HomeControlPorts
  readonly #client: HomeClient
  readonly #restartedHandlers = new Set<(address: HomeServerAddress) => void>()
  #holding: Promise<Lease> | null = null
  #lease: Lease | null = null
  #restartDelayMs = pollMs

  constructor(ports: HomeControlPorts) {
    this.#ports = ports
    this.#client = new HomeClient(ports)
  }

  async hold(): Promise<HomeServerAddress> {
    this.#holding ??= this.#acquire()
    const holding = this.#holding
    try {
      return addressOf((await holding).endpoint)
    } catch (cause) {
      if (this.#holding === holding) this.#holding = null
      throw cause
    }
  }

  release(): void {
    this.#holding = null
    this.#lease?.release()
    this.#lease = null
  }

  onRestarted(handler: (address: HomeServerAddress) => void): () => void {
    this.#restartedHandlers.add(handler)
    return () => this.#restartedHandlers.delete(handler)
  }

  async signUp(request: { readonly user: string; readonly invitation: string | null }): Promise<NewHomeAccount> {
    if (!homeUserPattern.test(request.user)) throw new SottoError('address-invalid')
    if (request.invitation !== null) return this.#signUpInvited(request.user, request.invitation)
    const address = await this.hold()
    const made = await this.#client.signUp(address, request.user, { token: await this.#token() })
    return { ...made, server: address, local: true }
  }

  async invite(request: { readonly lan: boolean }): Promise<InvitationReply> {
    const address = await this.hold()
    return this.#client.invite(address, await this.#token(), request.lan)
  }

  async at({ https, spkiPins }: Pick<HomeServerAddress, 'https' | 'spkiPins'>): Promise<HomeServerAddress | null> {
    try {
      const { domain, ports } = await this.#client.domain({ https, spkiPins })
      return homeServerAddress(https.host, { domain, ports, spkiPins })
    } catch (cause) {
      if (cause instanceof SottoError && cause.code !== 'server-unreachable') return null
      throw cause
    }
  }

  me(address: Pick<HomeServerAddress, 'https' | 'spkiPins'>, credentials: HomeCredentials): HomeMe {
    return this.#client.me(address, credentials)
  }

  async #signUpInvited(user: string, text: string): Promise<NewHomeAccount> {
    const { host, port, code, spkiSha256 } = readInvitation(text, this.#ports.clock.now())
    const target = { https: { host, port }, spkiPins: [Buffer.from(spkiSha256).toString('base64')] }
    const { domain, ports } = await this.#client.domain(target)
    const address = homeServerAddress(host, { domain, ports, spkiPins: target.spkiPins })
    const made = await this.#client.signUp(address, user, { invitation: toBase64Url(code) })
    return { ...made, server: address, local: false }
  }

  async #token(): Promise<string> {
    try {
      return (await readFile(join(this.#ports.directory, signUpTokenFileName), 'utf8')).trim()
    } catch (cause) {
      throw new SottoError('home-server-failed', {}, cause)
    }
  }

  async #acquire(): Promise<Lease> {
    const lease = await this.#findOrStart()
    // Released while it started.
    if (this.#holding === null) {
      lease.release()
      throw new SottoError('cancelled')
    }
    this.#lease = lease
    lease.onLost(() => this.#handleLost(lease))
    return lease
  }

  async #findOrStart(): Promise<Lease> {
    const { clock, directory, spawn, startMs = defaultStartMs } = this.#ports
    const deadline = clock.monotonic() + startMs
    let started: ServerProcess | null = null
    for (;;) {
      const lease = await takeLease(directory)
      if (lease !== null) return lease
      const exitCode = started?.exitCode() ?? null
      if (exitCode !== null && exitCode !== exitCodeLocked && exitCode !== 0) {
        throw new SottoError('home-server-failed', { exitCode })
      }
      if (clock.monotonic() > deadline) throw new SottoError('home-server-failed')
      // Locked: another one is starting, or ending. Either is over soon.
      if (started === null || exitCode !== null) started = spawn(['--data', directory])
      await new Promise<void>((resolve) => {
        // Waits by the system's timer: the poll must go on while nothing else keeps the process alive.
        setTimeout(resolve, exitCode === exitCodeLocked ? 4 * pollMs : pollMs)
      })
    }
  }

  #handleLost(lease: Lease): void {
    if (this.#lease !== lease) return
    this.#lease = null
    this.#holding = null
    this.#ports.log.warn('home-server-lost')
    this.#restart()
  }

  #restart(): void {
    const delayMs = this.#restartDelayMs
    this.#restartDelayMs = Math.min(2 * delayMs, longestRestartDelayMs)
    this.#holding ??= new Promise<void>((resolve) => void this.#ports.clock.after(delayMs, resolve)).then(() =>
      this.#acquire(),
    )
    const holding = this.#holding
    holding.then(
      ({ endpoint }) => {
        this.#restartDelayMs = pollMs
        for (const handler of this.#restartedHandlers) handler(addressOf(endpoint))
      },
      () => {
        if (this.#holding !== holding) return
        this.#holding = null
        this.#restart()
      },
    )
  }
}

function addressOf(endpoint: HomeEndpoint): HomeServerAddress {
  return homeServerAddress(endpoint.host, { ...endpoint, spkiPins: [endpoint.spkiPin] })
}
