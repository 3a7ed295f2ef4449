/** linphonec from Debian, headless. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePorts, makeRunFolder, startPeer, waitUntil, type RunningPeer } from './peers.ts'

export const linphonePrograms = ['linphonec'] as const

export interface Linphone {
  /** One line at its prompt. */
  command(line: string): void
  log(): string
  readonly peer: RunningPeer
  stop(): Promise<void>
}

type Settings = Readonly<Record<string, Readonly<Record<string, string | number>>>>

interface LinphoneOptions {
  /** `tcp` by default; `tls` goes to `localhost`, as it finds no addresses in certificates. */
  readonly transport?: 'tcp' | 'udp' | 'tls'
  /** Who signed the server's certificate. */
  readonly authorityPem?: string
  /** Sections of its configuration besides ours, or lines besides ours in one of them. */
  readonly settings?: Settings
  /** Of its command line. */
  readonly flags?: readonly string[]
}

/** Starts linphonec as `user` of `domain` and waits until it is registered at `127.0.0.1:port`. */
export async function startLinphone(
  user: string,
  domain: string,
  port: number,
  options: LinphoneOptions = {},
): Promise<Linphone> {
  const { transport = 'tcp', authorityPem = '', settings: further = {}, flags: furtherFlags = [] } = options
  const folder = makeRunFolder('linphone')
  // Without these folders it never opens its SIP ports.
  for (const name of ['.local/share/linphone', '.config/linphone']) mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(join(folder, 'ca.crt'), authorityPem)
  const settings = await settingsOf({ user, domain, port, transport, folder }, further)
  const sections = Object.entries(settings).map(([name, values]) =>
    [`[${name}]`, ...Object.entries(values).map(([key, value]) => `${key}=${value}`), ''].join('\n'),
  )
  writeFileSync(join(folder, 'linphonerc'), sections.join('\n'))
  const logFile = join(folder, 'log')
  const flags = ['-c', join(folder, 'linphonerc'), '-d', '5', '-l', logFile, ...furtherFlags]
  const peer = startPeer('linphonec', flags, folder, { HOME: folder })
  const log = (): string => {
    try {
      return readFileSync(logFile, 'utf8')
    } catch {
      return ''
    }
  }
  try {
    await waitUntil(() => log().includes('to [LinphoneRegistrationOk]'), 'linphonec registers', 40_000)
  } catch (error) {
    await peer.stop()
    throw error
  }
  return {
    command: (line) => void peer.process.stdin?.write(`${line}\n`),
    log,
    peer,
    stop: () => peer.stop(),
  }
}

interface Registration {
  readonly user: string
  readonly domain: string
  readonly port: number
  readonly transport: 'tcp' | 'udp' | 'tls'
  readonly folder: string
}

async function settingsOf(
  { user, domain, port, transport, folder }: Registration,
  further: Settings,
): Promise<Settings> {
  const [own = 0, rtp = 0, video = 0] = await freePorts(3)
  const server = `${transport === 'tls' ? 'localhost' : '127.0.0.1'}:${port};transport=${transport}`
  const ownPort = (of: Registration['transport']): number => (transport === of ? own : 0)
  return {
    ...further,
    sip: {
      ...further.sip,
      ...{ sip_port: ownPort('udp'), sip_tcp_port: ownPort('tcp'), sip_tls_port: ownPort('tls') },
      ...{ bind_address: '127.0.0.1', use_ipv6: 0, guess_hostname: 0, default_proxy: 0 },
      root_ca: join(folder, 'ca.crt'),
    },
    rtp: { bind_address: '127.0.0.1', ...further.rtp, audio_rtp_port: rtp, video_rtp_port: video },
    sound: { ...further.sound, echocancellation: 0 },
    auth_info_0: { username: user, passwd: `${user}pw`, realm: domain },
    proxy_0: {
      reg_proxy: `<sip:${server}>`,
      reg_route: `<sip:${server};lr>`,
      reg_identity: `sip:${user}@${domain}`,
      ...{ reg_expires: 600, reg_sendregister: 1, publish: 0 },
    },
  }
}
