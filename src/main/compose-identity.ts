/** Wires the device chains and paper secrets of a profile. */
import { hostname } from 'node:os'
import { basename } from 'node:path'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { Accounts } from './accounts/accounts.ts'
import type { OpenHistory } from './history/open-history.ts'
import { Identity } from './identity/identity.ts'
import type { KeyLadder } from './keys/key-ladder.ts'
import { defaultDeviceName } from './platform/device-name.ts'
import type { ProfilePaths } from './platform/profile-paths.ts'

interface Ports {
  readonly paths: ProfilePaths
  readonly ladder: KeyLadder
  /** The ways to unlock have changed. */
  readonly onRungs: () => void
  readonly clock: ClockPort
  readonly random: RandomPort
}

export function composeIdentity(ports: Ports, history: OpenHistory, accounts: Accounts): Identity {
  const { ladder, onRungs } = ports
  return new Identity({
    ...ports,
    secrets: {
      secret: (name) => history.reader.secret(name),
      setSecret: (name, value) => history.writer.setSecret(name, value),
    },
    paperRung: {
      set: (account, wrapKey) => ladder.addPaperSecret(account, wrapKey).then(onRungs),
      remove: (account) => ladder.removePaperSecret(account).then(onRungs),
    },
    aorOf: (id) => accounts.records().find((record) => record.id === id)?.aor ?? null,
    deviceName: defaultDeviceName(hostname(), basename(ports.paths.profile)),
  })
}
