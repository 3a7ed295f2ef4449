/** The home server's process: `node main.ts --data DIR …`, or `out/main/home-server.js`. */
import { homedir } from 'node:os'
import { describePhones, describeServer } from './describe-server.ts'
import { lockDirectory } from './data-dir/lock.ts'
import { ensurePrivateDirectory } from './data-dir/private-file.ts'
import { parseOptions, usage, type HomeOptions } from './options.ts'
import { HomeServer } from './server.ts'
import { createStderrLog, systemClock, systemRandom } from './system-ports.ts'
import { defaultHomeDirectory } from '#shared/home/directory.ts'

/** As in sysexits.h. */
const exitUsage = 64
/** Another process has the directory: the one who asked finds it through the endpoint file. */
const exitLocked = 75
const exitFailed = 1
/** After a bug the orderly stop may hang, ms. */
const stopWithinMs = 5_000

async function run(options: HomeOptions): Promise<void> {
  const log = createStderrLog(options, (line) => process.stderr.write(line))
  ensurePrivateDirectory(options.directory)
  const lock = lockDirectory(options.directory)
  if (lock === null) {
    process.stderr.write('home server: another one runs in this directory\n')
    process.exitCode = exitLocked
    return
  }
  let ending: Promise<void> | null = null
  const end = (): void => {
    ending ??= starting
      .then((server) => server.stop())
      .catch(() => undefined)
      .finally(() => {
        lock.release()
        process.exit()
      })
  }
  // A bug: what it broke is unknown, so nothing goes on as if nothing had happened.
  const fail = (cause: unknown): void => {
    log.error('bug', { reason: cause instanceof Error ? cause.name : typeof cause })
    process.exitCode = exitFailed
    setTimeout(() => process.exit(exitFailed), stopWithinMs).unref()
    end()
  }
  process.once('uncaughtException', fail)
  process.once('unhandledRejection', fail)
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
  const starting = HomeServer.start(options, { clock: systemClock, random: systemRandom, log, onIdle: end })
  const server = await starting
  process.stdout.write(describePhones(server, options))
  if (!options.keep && !options.invite) return
  const invitation = options.invite ? await server.invite(false) : null
  process.stdout.write(describeServer(server.endpoint, options.directory, invitation))
}

// Every file this process makes is its owner's only.
process.umask(0o077)
const { platform, env: environment } = process
const options = parseOptions(process.argv.slice(2), defaultHomeDirectory({ platform, home: homedir(), environment }))
if (!options.ok) {
  process.stderr.write(`${options.error}\n${usage}`)
  process.exitCode = exitUsage
} else {
  run(options.value).catch((cause: unknown) => {
    process.stderr.write(`home server: ${cause instanceof Error ? cause.message : 'failed'}\n`)
    process.exit(exitFailed)
  })
}
