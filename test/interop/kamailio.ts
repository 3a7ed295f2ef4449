/** Debian's Kamailio with the project's own recipe (resources/kamailio), on free loopback ports. */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { makeAuthority } from '#test/fakes/certificates.ts'
import { freePorts, makeRunFolder, startPeer, waitUntil, type RunningPeer } from './peers.ts'

export const kamailioDomain = 'sotto.test'
export const kamailioPrograms = ['kamailio'] as const

export interface Kamailio {
  readonly ports: Readonly<Record<'sip' | 'sips' | 'ws' | 'wss' | 'msrp' | 'msrps', number>>
  readonly authorityPem: string
  readonly spkiSha256: string
  output(): string
  /** Rows waiting in the store for offline messages. */
  storedMessages(): number
  stop(): Promise<void>
}

interface KamailioOptions {
  readonly digest?: 'MD5' | 'SHA-256'
  /** name → password */
  /** Takes clients over UDP too, on the port of TCP; the recipe itself does not. */
  readonly udp?: boolean
  readonly users?: Readonly<Record<string, string>>
}

const schema = '/usr/share/kamailio/db_sqlite'
const recipe = new URL('../../resources/kamailio/', import.meta.url).pathname

/** Starts it and waits until it accepts connections. */
export async function startKamailio(options: KamailioOptions = {}): Promise<Kamailio> {
  const { digest = 'SHA-256', users = { alice: 'alicepw', bob: 'bobpw', carol: 'carolpw' } } = options
  const folder = makeRunFolder('kamailio')
  const [sip = 0, sips = 0, ws = 0, wss = 0, msrp = 0, msrps = 0, loop = 0] = await freePorts(7)
  const authority = await makeAuthority('interop authority')
  const certificate = await authority.issue({ dnsNames: [kamailioDomain, 'localhost'], ipAddresses: ['127.0.0.1'] })
  const file = (name: string): string => join(folder, name)
  const config = readFileSync(join(recipe, 'kamailio.cfg'), 'utf8')
  writeFileSync(file('kamailio.cfg'), options.udp === true ? withUdp(config) : config)
  writeFileSync(file('server.crt'), certificate.certPem)
  writeFileSync(file('server.key'), certificate.keyPem)
  writeFileSync(file('ca.crt'), authority.certPem)
  writeFileSync(
    file('tls.cfg'),
    readFileSync(join(recipe, 'tls.cfg.example'), 'utf8')
      .replaceAll('/etc/kamailio', folder)
      .replace('/etc/ssl/certs/ca-certificates.crt', file('ca.crt')),
  )
  const values = {
    ...{ MY_DOMAIN: kamailioDomain, MY_IP: '127.0.0.1', RELAY_HOST: '127.0.0.1', RUN_DIR: folder },
    ...{ SIP_PORT: sip, SIPS_PORT: sips, WS_PORT: ws, WSS_PORT: wss, MSRP_PORT: msrp, MSRPS_PORT: msrps },
    ...{ LOOP_PORT: loop, DB_URL: `sqlite:///${file('kamailio.sqlite')}`, DIGEST_ALGORITHM: digest },
  }
  const lines = Object.entries(values).map(([name, value]) => `#!substdef "!${name}!${value}!g"`)
  writeFileSync(file('local.cfg'), `${lines.join('\n')}\n#!define CHILDREN 2\n`)
  fillDatabase(file('kamailio.sqlite'), digest, users)
  const flags = ['-DD', '-E', '-m', '64', '-M', '8', '-w', folder, '-Y', folder, '-f', file('kamailio.cfg')]
  const peer = startPeer('kamailio', flags, folder)
  await accepting(peer, [sip, wss, msrp])
  return {
    ports: { sip, sips, ws, wss, msrp, msrps },
    authorityPem: authority.certPem,
    spkiSha256: certificate.spkiSha256,
    output: () => peer.output(),
    storedMessages: () => {
      const database = new DatabaseSync(file('kamailio.sqlite'), { readOnly: true })
      const row = database.prepare('SELECT count(*) AS count FROM silo').get()
      database.close()
      return Number(row?.count)
    },
    stop: () => peer.stop(),
  }
}

/** The loop of the store is told apart by its port instead of by its transport. */
function withUdp(config: string): string {
  const tcp = 'listen=tcp:MY_IP:SIP_PORT'
  return config
    .replace(tcp, `${tcp}\nlisten=udp:MY_IP:SIP_PORT`)
    .replaceAll('$proto == "udp"', '$Rp == LOOP_PORT')
    .replaceAll('$proto != "udp"', '$Rp != LOOP_PORT')
}

function fillDatabase(path: string, digest: 'MD5' | 'SHA-256', users: Readonly<Record<string, string>>): void {
  const database = new DatabaseSync(path)
  for (const part of ['standard', 'auth_db', 'usrloc', 'msilo']) {
    database.exec(readFileSync(join(schema, `${part}-create.sql`), 'utf8'))
  }
  database.exec('PRAGMA journal_mode=WAL')
  const insert = database.prepare('INSERT INTO subscriber (username, domain, password, ha1) VALUES (?, ?, ?, ?)')
  for (const [user, password] of Object.entries(users)) {
    const hash = createHash(digest === 'MD5' ? 'md5' : 'sha256')
    insert.run(user, kamailioDomain, '', hash.update(`${user}:${kamailioDomain}:${password}`).digest('hex'))
  }
  database.close()
}

async function accepting(peer: RunningPeer, ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    let isOpen = false
    const knock = (): void => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => {
        isOpen = true
        socket.destroy()
      })
      socket.once('error', () => socket.destroy())
    }
    await waitUntil(
      () => {
        if (peer.process.exitCode !== null) throw new Error(`kamailio ended: ${peer.output().slice(-2000)}`)
        if (!isOpen) knock()
        return isOpen
      },
      `kamailio on port ${port}`,
      15_000,
    )
  }
}
