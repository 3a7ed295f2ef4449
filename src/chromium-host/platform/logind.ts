/** What logind tells: that the machine goes to sleep, and that this person's session is to be locked (org.freedesktop.login1). */
import { DbusConnection, systemBusAddress } from '../dbus/connection.ts'
import type { DbusMessage } from '../dbus/message.ts'
import type { Variant } from '../dbus/wire.ts'

const service = 'org.freedesktop.login1'
const managerPath = '/org/freedesktop/login1'
const managerInterface = 'org.freedesktop.login1.Manager'
const sessionInterface = 'org.freedesktop.login1.Session'
/** Stands for the session of whoever asks. */
const ownSession = '/org/freedesktop/login1/session/auto'

export interface LogindHandlers {
  /** True before the machine sleeps, false after. */
  readonly sleep: (sleeping: boolean) => void
  /** True when the session is asked to lock, false when it is asked to unlock. */
  readonly lock: (locked: boolean) => void
}

/** Rejects where there is no logind. Anybody may send signals over the system's bus: only its own are heard. */
export async function watchLogind({ sleep, lock }: LogindHandlers): Promise<void> {
  const bus = await DbusConnection.connect(systemBusAddress())
  if (!(await bus.canReach(service))) throw new Error('no logind')
  await hear(bus, `interface='${managerInterface}',member='PrepareForSleep'`, ({ member, body: [sleeping] }) => {
    if (member === 'PrepareForSleep') sleep(sleeping === true)
  })
  const path = await ownSessionPath(bus).catch(() => null)
  // Whoever runs outside a session is asked by its screen saver alone.
  if (path === null) return
  await hear(bus, `interface='${sessionInterface}',path='${path}'`, (signal) => {
    if (signal.path !== path || signal.interface !== sessionInterface) return
    if (signal.member === 'Lock' || signal.member === 'Unlock') lock(signal.member === 'Lock')
  })
}

/** The bus compares the sender of what goes to all; what is sent to us alone passes it by. */
function hear(bus: DbusConnection, rule: string, handler: (signal: DbusMessage) => void): Promise<void> {
  return bus.subscribe(`type='signal',sender='${service}',${rule}`, (signal) => {
    if (signal.destination === undefined) handler(signal)
  })
}

async function ownSessionPath(bus: DbusConnection): Promise<string> {
  const [id] = await bus.call({
    ...{ destination: service, path: ownSession, interface: 'org.freedesktop.DBus.Properties', member: 'Get' },
    ...{ signature: 'ss', body: [sessionInterface, 'Id'] },
  })
  const [path] = await bus.call({
    ...{ destination: service, path: managerPath, interface: managerInterface, member: 'GetSession' },
    ...{ signature: 's', body: [String((id as Variant).value)] },
  })
  return String(path)
}
