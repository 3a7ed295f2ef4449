import type { ReplicaKeeperPort } from './replica-port.ts'

type Method = keyof ReplicaKeeperPort
type Call = (method: Method, args: readonly unknown[]) => Promise<unknown>

/** The journals of replication behind any way to call their methods. */
export function replicaOver(call: Call): ReplicaKeeperPort {
  const over =
    <K extends Method>(method: K) =>
    (...args: Parameters<ReplicaKeeperPort[K]>) =>
      call(method, args) as ReturnType<ReplicaKeeperPort[K]>
  return {
    accounts: over('accounts'),
    switchOn: over('switchOn'),
    switchOff: over('switchOff'),
    beginAgain: over('beginAgain'),
    progress: over('progress'),
    refreshStanding: over('refreshStanding'),
    journal: over('journal'),
    unsealed: over('unsealed'),
    sealed: over('sealed'),
    keepSealed: over('keepSealed'),
    keepConfirmed: over('keepConfirmed'),
    keepRead: over('keepRead'),
    keepEarly: over('keepEarly'),
    keepFault: over('keepFault'),
    faults: over('faults'),
    forgetMissing: over('forgetMissing'),
    erasedAmong: over('erasedAmong'),
    unopened: over('unopened'),
    keepOpened: over('keepOpened'),
    filesToSettle: over('filesToSettle'),
    filesSince: over('filesSince'),
    settleFiles: over('settleFiles'),
    takePiece: over('takePiece'),
    takenPiece: over('takenPiece'),
  }
}

/** Calls a method of journals on this thread. */
export function callReplica(keeper: ReplicaKeeperPort): Call {
  return (method, args) => (keeper[method] as (...given: unknown[]) => Promise<unknown>).apply(keeper, [...args])
}
