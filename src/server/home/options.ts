import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { defaultHomeDomain, type HomePorts } from '#shared/home/api.ts'
import { err, ok, type Result } from '#shared/result.ts'

/** How the server is started. */
export interface HomeOptions {
  readonly directory: string
  /** Null: as at the first start, or the default. */
  readonly domain: string | null
  /** Address the listeners bind to. */
  readonly host: string
  /** Binds UDP, TCP and WS to `host` also where it is not loopback; else they stay on 127.0.0.1. */
  readonly allowPlain: boolean
  /** First of seven ports in a row; 0: as last time, or any. */
  readonly portBase: number
  /** Runs until it is told to stop, whether profiles are there or not. */
  readonly keep: boolean
  /** Opens the TLS listeners to the local network, now and at later starts. */
  readonly lan: boolean
  /** Prints a new invitation. */
  readonly invite: boolean
  /** User whose phones may sign in with MD5: prints a new password for them. */
  readonly phone: string | null
  /** User whose phones may no more. */
  readonly noPhone: string | null
  readonly verbose: boolean
}

export const usage = `home server of Sotto
  --data DIR        where it keeps its files (default: the directory that Sotto's profiles use)
  --domain NAME     domain of its addresses, fixed at the first start (default ${defaultHomeDomain})
  --host ADDRESS    address to listen on (default 127.0.0.1)
  --allow-plain     listen for UDP, TCP and WS on --host too, not only on 127.0.0.1
  --port-base N     seven ports from N: https+wss, ws, sip tcp, sip udp, sip tls, msrp tcp, msrp tls (default: any)
  --keep            go on running without a profile, and print where it listens
  --lan             let the local network reach the TLS ports, now and at later starts
  --invite          print an invitation for one person, good for a day
  --phone USER      let phones of USER sign in that know no SHA-256, and print a password for them
  --no-phone USER   shut those phones out again
  --verbose         log every refused request
`

const domainPattern = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const portNames = ['https', 'ws', 'sipTcp', 'sipUdp', 'sipTls', 'msrpTcp', 'msrpTls'] as const
const lastPortBase = 65_535 - portNames.length
const flags = new Set(['--allow-plain', '--invite', '--keep', '--lan', '--verbose', '--help'])
const values = new Set(['--data', '--domain', '--host', '--port-base', '--phone', '--no-phone'])

/** Reads the command line; the failure is a sentence for the person who typed it. */
export function parseOptions(args: readonly string[], defaultDirectory: string): Result<HomeOptions, string> {
  const given = new Map<string, string>()
  for (let i = 0; i < args.length; i += 1) {
    const name = args[i] ?? ''
    const value = args[i + 1]
    if (flags.has(name)) given.set(name, '')
    else if (!values.has(name)) return err(`unknown option ${name}`)
    else if (value === undefined) return err(`${name} needs a value`)
    else {
      given.set(name, value)
      i += 1
    }
  }
  return given.has('--help') ? err('') : checkOptions(given, defaultDirectory)
}

function checkOptions(given: ReadonlyMap<string, string>, defaultDirectory: string): Result<HomeOptions, string> {
  const valueOf = (name: string): string | null => given.get(name)?.toLowerCase() ?? null
  const directory = resolve(given.get('--data') ?? defaultDirectory)
  const domain = valueOf('--domain')
  const { '--host': host = '127.0.0.1', '--port-base': portText = '0' } = Object.fromEntries(given)
  const portBase = /^\d{1,5}$/.test(portText) ? Number(portText) : Number.NaN
  if (domain !== null && !domainPattern.test(domain)) return err('--domain is not a domain name')
  if (isIP(host) === 0) return err('--host is not an IP address')
  if (!(portBase <= lastPortBase)) return err('--port-base is not a port')
  const has = (name: string): boolean => given.has(name)
  return ok({
    directory,
    domain,
    host,
    portBase,
    allowPlain: has('--allow-plain'),
    keep: has('--keep'),
    lan: has('--lan'),
    invite: has('--invite'),
    ...{ phone: valueOf('--phone'), noPhone: valueOf('--no-phone') },
    verbose: has('--verbose'),
  })
}

/** Ports that follow from `--port-base`. */
export function portsFrom(base: number): HomePorts {
  const at = (name: (typeof portNames)[number]): number => base + portNames.indexOf(name)
  return {
    https: at('https'),
    ws: at('ws'),
    sipTcp: at('sipTcp'),
    sipUdp: at('sipUdp'),
    sipTls: at('sipTls'),
    msrpTcp: at('msrpTcp'),
    msrpTls: at('msrpTls'),
  }
}
