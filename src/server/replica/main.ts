/** The process of a replica alone: `npm run replica -- --data DIR …`. */
import { createHash, createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { openService, type OpenService } from './alone/open-service.ts'
import { parseOptions, usage, type ReplicaOptions } from './alone/options.ts'
import { ReplicaServer } from './alone/replica-server.ts'
import { meetingRoutes } from './rendezvous/rendezvous-routes.ts'
import { ReplicaMetrics } from './metrics.ts'
import { lockDirectory } from '../home/data-dir/lock.ts'
import { ensurePrivateDirectory } from '../home/data-dir/private-file.ts'
import { hostNamesFor, isLoopback } from '../home/net/host-names.ts'
import { createStderrLog, systemClock, systemRandom } from '../home/system-ports.ts'
import { loadIdentity, type ServerIdentity } from '../home/tls/certificate.ts'
import { serializeInvitation } from '#shared/home/invitation.ts'

/** As in sysexits.h. */
const [exitUsage, exitLocked, exitFailed] = [64, 75, 1]
const renewMs = 3_600_000
const sweepMs = 60_000

type Identity = Pick<ServerIdentity, 'keyPem' | 'certificatePem' | 'spkiSha256'>

async function run(options: ReplicaOptions): Promise<void> {
  ensurePrivateDirectory(options.directory)
  const lock = lockDirectory(options.directory)
  if (lock === null) {
    process.stderr.write('replica: another one runs in this directory\n')
    process.exitCode = exitLocked
    return
  }
  const log = createStderrLog(options, (line) => process.stderr.write(line)).child('replica')
  const names = namesOf(options)
  const metrics = new ReplicaMetrics()
  const hosts = (): ReadonlySet<string> => new Set(names)
  const opened = await openService(options, { clock: systemClock, random: systemRandom, log, metrics, hosts })
  const identity = await identityOf(options, names)
  const { host, port, metricsTokenPath } = options
  const metricsToken = metricsTokenPath === null ? null : readFileSync(metricsTokenPath, 'utf8').trim()
  const server = await ReplicaServer.start(opened.service, {
    ...{ host, port, identity, metrics, metricsToken },
    more: [meetingRoutes({ clock: systemClock })],
  })
  endOnSignals(async () => {
    await server.stop()
    await opened.close()
    lock.release()
  })
  process.stdout.write(describe(options, { names, port: server.port, identity, opened }))
  repeat(sweepMs, () => {
    server.sweep()
    return Promise.resolve()
  })
  repeat(renewMs, async () => {
    server.renew(await identityOf(options, names))
  })
}

/** Who calls it otherwise is refused: a name of somebody's web page may point here. */
function namesOf({ names, host }: ReplicaOptions): readonly string[] {
  const [first = 'localhost', ...rest] = names
  return [...new Set([...hostNamesFor(first, { lan: !isLoopback(host), host }).all, ...rest])]
}

async function identityOf({ certificate, directory }: ReplicaOptions, names: readonly string[]): Promise<Identity> {
  if (certificate === null) return loadIdentity(directory, names, { clock: systemClock, random: systemRandom })
  const keyPem = readFileSync(certificate.keyPath, 'utf8')
  const spki = createPublicKey(keyPem).export({ type: 'spki', format: 'der' })
  return {
    ...{ keyPem, certificatePem: readFileSync(certificate.path, 'utf8') },
    spkiSha256: Uint8Array.from(createHash('sha256').update(spki).digest()),
  }
}

function describe(
  options: ReplicaOptions,
  running: { names: readonly string[]; port: number; identity: Identity; opened: OpenService },
): string {
  const { port, identity, opened } = running
  const lines = [
    `Replica of Sotto, files in ${options.directory}`,
    `  HTTPS ${options.host} port ${port}, called ${running.names.join(', ')}`,
    `  certificate pin (SHA-256 of the key) ${Buffer.from(identity.spkiSha256).toString('base64')}`,
    ...(options.invite ? [invitationLine(options, { port, identity, opened })] : []),
    'Ctrl+C ends it.',
  ]
  return `${lines.join('\n')}\n`
}

function invitationLine(
  { names, host, inviteFor }: ReplicaOptions,
  { port, identity, opened }: { port: number; identity: Identity; opened: OpenService },
): string {
  const made = opened.invitations.create(inviteFor)
  if (made === null) return 'Too many invitations are open.'
  const { token: code, expiresAt } = made
  return `  invitation for ${inviteFor ?? 'one account'}, good for a day: ${serializeInvitation({
    ...{ host: names[0] ?? host, port, code, spkiSha256: identity.spkiSha256, expiresAt },
  })}`
}

/** The first signal ends it in order, a second one at once. */
function endOnSignals(stop: () => Promise<void>): void {
  const end = (): void => {
    process.once('SIGINT', () => process.exit(exitFailed))
    stop()
      .catch((_cause: unknown) => {
        process.exitCode = exitFailed
      })
      .finally(() => process.exit())
  }
  process.once('SIGTERM', end)
  process.once('SIGINT', end)
}

/** Upkeep that fails is tried again the next time. */
function repeat(everyMs: number, work: () => Promise<void>): void {
  systemClock.after(everyMs, () => {
    work()
      .catch((_cause: unknown) => process.stderr.write('replica: upkeep failed\n'))
      .finally(() => repeat(everyMs, work))
  })
}

// Every file this process makes is its owner's only.
process.umask(0o077)
const options = parseOptions(process.argv.slice(2))
if (!options.ok) {
  process.stderr.write(`${options.error}\n${usage}`)
  process.exitCode = exitUsage
} else {
  run(options.value).catch((cause: unknown) => {
    process.stderr.write(`replica: ${cause instanceof Error ? cause.message : 'failed'}\n`)
    process.exit(exitFailed)
  })
}
