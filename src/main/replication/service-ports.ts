/** What the replication of an account needs of the rest of main; `compose` hands it in. */
import type { ChainChange, DeviceChainPort } from '#shared/identity/chain-ports.ts'
import type { Aor } from '#shared/model/ids.ts'

/** The device chains of this profile, and links signed by this device. */
export interface ReplicaChainPort extends DeviceChainPort {
  /** A link behind the head that is known here; nobody has it yet. @throws SottoError `chain-forked`. */
  sign(account: Aor, change: ChainChange): Promise<Uint8Array>
}

/** Secrets inside the encrypted history; what comes out is the caller's to wipe. */
export interface ReplicaSecretsPort {
  secret(name: string): Promise<Uint8Array | null>
  setSecret(name: string, value: Uint8Array | null): Promise<void>
}
