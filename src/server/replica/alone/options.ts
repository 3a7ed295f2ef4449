import { isIP } from 'node:net'
import { isAbsolute, relative, resolve, sep } from 'node:path'
import { defaultReplicaLimits } from '../limits.ts'
import { parseAor } from '#shared/model/aor.ts'
import type { Aor } from '#shared/model/ids.ts'
import { err, ok, type Result } from '#shared/result.ts'

/** Where passwords are checked: nowhere, in a file, or in Kamailio's table. */
export type DigestSource =
  | { readonly kind: 'none' }
  | { readonly kind: 'file' | 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string }

/** How a replica alone is started. */
export interface ReplicaOptions {
  readonly directory: string
  /** File that says which accounts were erased, outside the directory and its backups. */
  readonly erasures: string
  readonly host: string
  readonly port: number
  /** Names that clients call it by, beside the address it listens on. */
  readonly names: readonly string[]
  /** PEM files; null: a certificate of its own, which clients know by its pin. */
  readonly certificate: { readonly path: string; readonly keyPath: string } | null
  /** Null: SQLite in the directory. */
  readonly postgres: string | null
  readonly days: number
  /** Domain of accounts whose passwords are checked. */
  readonly domain: string | null
  readonly digest: DigestSource
  readonly ha1Column: string
  readonly metricsTokenPath: string | null
  readonly invite: boolean
  /** Of whom the invitation alone is; null = of anybody. */
  readonly inviteFor: Aor | null
  readonly verbose: boolean
}

export const usage = `replica of Sotto: keeps sealed histories
  --data DIR            where it keeps its files (needed)
  --erasures FILE       list of erased accounts, which no backup may go back to (default DIR.erasures, beside DIR)
  --host ADDRESS        address to listen on (default 127.0.0.1)
  --port N              port (default 5443)
  --name NAME           a name that clients call it by; may be given several times
  --cert FILE --key FILE  certificate and key (PEM); without them it makes its own
  --postgres URL        keep histories in PostgreSQL 15 or later instead of SQLite
  --days N              days that histories are kept, at most 60 (default 60)
  --domain NAME         domain of the addresses whose passwords --digest checks
  --digest SOURCE       file:PATH (lines user:domain:HA1), sqlite:PATH or postgresql://… (Kamailio's subscriber table)
  --ha1-column NAME     column of that table (default ha1); SHA-256 only
  --metrics-token FILE  who shows what is in it may read /metrics from another computer
  --invite              print an invitation for one account of another provider, good for a day
  --invite-for ADDRESS  the same for this address alone; the only one that asks for the erasure of an account there is
  --verbose             log every refused request
`

const flags = new Set(['--invite', '--verbose', '--help'])
const values = new Set([
  ...['--data', '--host', '--port', '--name', '--cert', '--key', '--postgres', '--days', '--domain', '--digest'],
  ...['--ha1-column', '--metrics-token', '--erasures', '--invite-for'],
])
const namePattern = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const defaultPort = 5443
const lastPort = 65_535

/** Reads the command line; the failure is a sentence for the person who typed it. */
export function parseOptions(args: readonly string[]): Result<ReplicaOptions, string> {
  const given = new Map<string, string[]>()
  for (let i = 0; i < args.length; i += 1) {
    const name = args[i] ?? ''
    const value = args[i + 1]
    if (flags.has(name)) given.set(name, [])
    else if (!values.has(name)) return err(`unknown option ${name}`)
    else if (value === undefined) return err(`${name} needs a value`)
    else {
      given.set(name, [...(given.get(name) ?? []), value])
      i += 1
    }
  }
  return given.has('--help') ? err('') : checkOptions(given)
}

/** Null where the address is none. */
function inviteOf(given: ReadonlyMap<string, readonly string[]>): Pick<ReplicaOptions, 'invite' | 'inviteFor'> | null {
  const text = given.get('--invite-for')?.at(-1)
  if (text === undefined) return { invite: given.has('--invite'), inviteFor: null }
  const address = parseAor(text)
  return address.ok ? { invite: true, inviteFor: address.value } : null
}

function namesOf(given: ReadonlyMap<string, readonly string[]>): readonly string[] {
  return (given.get('--name') ?? []).map((name) => name.toLowerCase())
}

function checkOptions(given: ReadonlyMap<string, readonly string[]>): Result<ReplicaOptions, string> {
  const last = (name: string): string | null => given.get(name)?.at(-1) ?? null
  const [directory, host] = [last('--data'), last('--host') ?? '127.0.0.1']
  const [port, days] = [
    numberOf(last('--port'), defaultPort),
    numberOf(last('--days'), defaultReplicaLimits.retentionDays),
  ]
  const names = namesOf(given)
  const domain = lower(last('--domain'))
  const digest = digestSource(last('--digest'))
  const invite = inviteOf(given)
  if (directory === null) return err('--data is needed')
  const erasures = erasuresOf(last('--erasures'), directory)
  const wrong = firstWrong([
    [!isInside(erasures, directory), '--erasures is in --data: a backup would bring back what it lists'],
    [isIP(host) !== 0, '--host is not an IP address'],
    [port <= lastPort, '--port is not a port'],
    [days >= 1 && days <= defaultReplicaLimits.retentionDays, '--days is not a number from 1 to 60'],
    [[...names, domain ?? 'none'].every((name) => namePattern.test(name)), 'that is not a name'],
    [given.has('--cert') === given.has('--key'), '--cert and --key belong together'],
    [invite !== null, '--invite-for is not an address like sip:alice@example.org'],
    [digest !== null, '--digest is none of file:, sqlite:, postgresql://'],
    [(domain !== null) === (digest?.kind !== 'none'), '--domain and --digest belong together'],
  ])
  if (wrong !== null || digest === null || invite === null) return err(wrong ?? '')
  return ok({
    ...{ directory: resolve(directory), erasures, host, port, names, days, domain, digest },
    certificate: certificateOf(last('--cert'), last('--key')),
    postgres: last('--postgres'),
    ha1Column: last('--ha1-column') ?? 'ha1',
    metricsTokenPath: last('--metrics-token'),
    ...{ ...invite, verbose: given.has('--verbose') },
  })
}

/** Beside the directory of a server, not in it: a backup of the directory does not have it. */
function erasuresOf(given: string | null, directory: string): string {
  return resolve(given ?? `${resolve(directory)}.erasures`)
}

const lower = (text: string | null): string | null => (text === null ? null : text.toLowerCase())

function isInside(file: string, directory: string): boolean {
  const way = relative(resolve(directory), file)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

function firstWrong(checks: readonly (readonly [isRight: boolean, sentence: string])[]): string | null {
  return checks.find(([isRight]) => !isRight)?.[1] ?? null
}

function numberOf(text: string | null, otherwise: number): number {
  if (text === null) return otherwise
  return /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
}

function certificateOf(path: string | null, keyPath: string | null): ReplicaOptions['certificate'] {
  return path === null || keyPath === null ? null : { path, keyPath }
}

function digestSource(text: string | null): DigestSource | null {
  if (text === null) return { kind: 'none' }
  if (/^postgres(?:ql)?:\/\//.test(text)) return { kind: 'postgres', url: text }
  const [, kind, path] = /^(file|sqlite):(.+)$/.exec(text) ?? []
  return path === undefined ? null : { kind: kind as 'file' | 'sqlite', path: resolve(path) }
}
