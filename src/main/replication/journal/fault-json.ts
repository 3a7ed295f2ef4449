/** Faults as text, as the history keeps them. */
import { toBase64Url, fromBase64Url } from '#shared/bytes/base64url.ts'
import type { ReplicaFault } from '../faults.ts'

export function encodeFault(fault: ReplicaFault): string {
  return JSON.stringify({ ...fault, device: toBase64Url(fault.device) })
}

/** Of what {@link encodeFault} wrote. */
export function decodeFault(text: string): ReplicaFault {
  const fault = JSON.parse(text) as ReplicaFault & { readonly device: string }
  return { ...fault, device: fromBase64Url(fault.device) ?? new Uint8Array() }
}
