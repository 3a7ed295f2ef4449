import { hkdfSync } from 'node:crypto'
import { RendezvousRefused } from './link-words.ts'
import { persist } from './persist.ts'
import type { RendezvousClientPort, SlotKey } from './rendezvous-port.ts'
import { SealedChannel } from './sealed-channel.ts'
import { tokenHash, type SlotPorts } from './slot-opening.ts'
import { SlotPipe } from './slot-pipe.ts'
import type { HistoryTransfer } from './transfer-port.ts'
import { concatBytes, utf8 } from '#shared/bytes/bytes.ts'
import { generationBytes, slotTokenBytes, type SlotEnding } from '#shared/linking/rendezvous.ts'

/** How long the server may not answer before a session is given up and begun anew, ms. */
const patienceMs = 30_000
const keyBytes = 32

type Side = 'source' | 'sink'

/** Everything that a transfer's key is good for; each end derives the same. */
export function transferToken({ key, slot }: Pick<HistoryTransfer, 'key' | 'slot'>, side: Side): Uint8Array {
  return derive(key, slot, `token of ${side}`, slotTokenBytes)
}

function derive(key: Uint8Array, salt: Uint8Array, purpose: string, length: number): Uint8Array {
  const info = concatBytes(utf8('sotto/v1/history-transfer\0'), utf8(purpose))
  return new Uint8Array(hkdfSync('sha256', key, salt, info, length))
}

interface TransferPlace extends SlotKey {
  readonly generation: Uint8Array
  readonly side: Side
  readonly nextOut: number
  readonly nextIn: number
}

/** Between source and sink for as long as one generation of their slot lives. */
function channelAt(ports: SlotPorts, { key, slot }: HistoryTransfer, place: TransferPlace): SealedChannel {
  const { side, nextOut, nextIn, generation } = place
  const salt = concatBytes(slot, generation)
  const toSource = derive(key, salt, 'to source', keyBytes)
  const toSink = derive(key, salt, 'to sink', keyBytes)
  const keys = side === 'source' ? { out: toSink, in: toSource } : { out: toSource, in: toSink }
  const next = { out: nextOut, in: nextIn }
  const pipe = new SlotPipe({ ...ports, patienceMs }, place, next)
  return new SealedChannel(pipe, keys, ports.random, { ...next, mayBeginAnywhere: true })
}

/** The source opens the slot, or begins it anew: whatever was on its way is asked for again. */
export async function openAsSource(ports: SlotPorts, transfer: HistoryTransfer): Promise<SealedChannel> {
  const generation = ports.random.bytes(generationBytes)
  const tokens = { near: transferToken(transfer, 'source'), far: transferToken(transfer, 'sink') }
  const { account, slot } = transfer
  const hashes = { near: tokenHash(tokens.near), far: tokenHash(tokens.far) }
  const opening = { slot, kind: 'transfer', account, ...hashes, generation } as const
  await persist({ ...ports, patienceMs }, () => ports.client.open(opening))
  const place = { side: 'source', nextOut: 0, nextIn: 0 } as const
  return channelAt(ports, transfer, { slot, token: tokens.near, generation, ...place })
}

/** The sink goes on where the server has it. @throws RendezvousRefused `not-found` while the source has not opened the slot. */
export async function openAsSink(ports: SlotPorts, transfer: HistoryTransfer): Promise<SealedChannel> {
  const key = { slot: transfer.slot, token: transferToken(transfer, 'sink') }
  const { generation, next } = await persist({ ...ports, patienceMs }, () => ports.client.state(key))
  const nextIn = await persist({ ...ports, patienceMs }, () => firstThere(ports.client, { ...key, generation }))
  return channelAt(ports, transfer, { ...key, generation, side: 'sink', nextOut: next, nextIn })
}

/** Says through the server that a transfer is over; whether it hears so changes nothing here. */
export async function endTransfer(
  { client }: Pick<SlotPorts, 'client'>,
  transfer: HistoryTransfer,
  { side, ending }: { readonly side: Side; readonly ending: SlotEnding },
): Promise<void> {
  const key = { slot: transfer.slot, token: transferToken(transfer, side) }
  await client.end(key, ending).catch(() => undefined)
}

/** Where to read from: what a crashed reader had taken is gone, and asked for again. */
async function firstThere(client: RendezvousClientPort, key: SlotKey): Promise<number> {
  try {
    await client.take(key, 0, 0)
    return 0
  } catch (cause) {
    if (cause instanceof RendezvousRefused && cause.problem === 'gap' && cause.next !== null) return cause.next
    throw cause
  }
}
