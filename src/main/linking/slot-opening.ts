import { createHash } from 'node:crypto'
import type { RendezvousClientPort, SlotKey } from './rendezvous-port.ts'
import { persist } from './persist.ts'
import { SlotPipe, type SlotPipePorts } from './slot-pipe.ts'
import { generationBytes, slotIdBytes, slotTokenBytes, type SlotKind } from '#shared/linking/rendezvous.ts'
import type { RandomPort } from '#shared/ports/random.ts'

/** How long the server may not answer during a linking before it is given up, ms. */
const patienceMs = 30_000
/** The same of the first request, while the person waits for something to be shown, ms. */
const firstPatienceMs = 10_000

export interface SlotPorts extends Pick<SlotPipePorts, 'clock'> {
  readonly client: RendezvousClientPort
  readonly random: RandomPort
}

export function tokenHash(token: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash('sha256').update(token).digest())
}

/** A fresh name for a slot. */
export function newSlotKey(random: RandomPort): SlotKey {
  return {
    ...{ slot: random.bytes(slotIdBytes), token: random.bytes(slotTokenBytes) },
    generation: random.bytes(generationBytes),
  }
}

/** Opens a slot where a device waits that nobody knows yet. */
export async function openSlot(ports: SlotPorts, key: SlotKey, kind: SlotKind, account: string): Promise<SlotPipe> {
  const { slot, generation } = key
  const opening = { slot, kind, account, near: tokenHash(key.token), far: null, generation }
  await persist({ ...ports, patienceMs: firstPatienceMs }, () => ports.client.open(opening))
  return new SlotPipe({ ...ports, patienceMs }, key)
}

/** Joins a slot as the old device. */
export async function joinSlot(ports: SlotPorts, slot: Uint8Array): Promise<SlotPipe> {
  const token = ports.random.bytes(slotTokenBytes)
  const far = tokenHash(token)
  const { generation } = await persist({ ...ports, patienceMs: firstPatienceMs }, () => ports.client.join(slot, far))
  return new SlotPipe({ ...ports, patienceMs }, { slot, token, generation })
}

/** Slots of devices that wait with a code. */
export function waitingSlots(ports: SlotPorts): Promise<readonly Uint8Array[]> {
  return persist({ ...ports, patienceMs: firstPatienceMs }, () => ports.client.waiting())
}

/** Tells the server, and through it the other end, that this end is gone; whether it hears so changes nothing here. */
export async function leaveSlot(
  ports: Pick<SlotPorts, 'client'>,
  pipe: SlotPipe,
  ending: Parameters<RendezvousClientPort['end']>[1],
): Promise<void> {
  pipe.close()
  await ports.client.end(pipe.key, ending).catch(() => undefined)
}
