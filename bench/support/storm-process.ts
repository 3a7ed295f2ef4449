/** Somebody who sends hostile packets to a port of a call as fast as asked, from a port of their own; in a process of their own. */
import { createSocket } from 'node:dgram'
import { encodePacket } from '#protocol/zrtp/packet.ts'

interface Orders {
  readonly host: string
  readonly port: number
  readonly perSecond: number
  readonly forMs: number
  /** Packets of the call, as somebody on the path sees them. */
  readonly seen: readonly Uint8Array[]
}

type Make = (at: number) => Uint8Array

const slotMs = 2
let dice = 0x5077
function random(below: number): number {
  dice = (Math.imul(dice, 1_664_525) + 1_013_904_223) >>> 0
  return dice % below
}

function noise(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, () => random(256)))
}

/** Packets that begin as RTP and carry nobody's tag. */
function forgedRtp(): Uint8Array {
  const packet = noise(12 + random(200))
  packet[0] = 0x80
  packet[1] = random(128)
  return packet
}

function forgedRtcp(): Uint8Array {
  const packet = noise(28)
  packet[0] = 0x80 | random(32)
  packet[1] = 200 + random(7)
  packet.writeUInt16BE(random(40), 2)
  return packet
}

function forgedStun(): Uint8Array {
  const packet = noise(20 + 4 * random(30))
  packet.writeUInt16BE(random(4) === 0 ? 0x0101 : 0x0001, 0)
  packet.writeUInt16BE(packet.length - 20, 2)
  packet.writeUInt32BE(0x2112_a442, 4)
  return packet
}

/** With the right checksum: whatever comes after it has to see that it is forged. */
function forgedZrtp(): Uint8Array {
  const names = [
    'Hello   ',
    'Commit  ',
    'DHPart1 ',
    'DHPart2 ',
    'Confirm1',
    'Confirm2',
    'Error   ',
    'GoClear ',
    'SASrelay',
  ]
  const words = 3 + random(30)
  const message = noise(4 * words)
  message.writeUInt16BE(0x505a, 0)
  message.writeUInt16BE(words, 2)
  message.write(names[random(names.length)] ?? '', 4, 'latin1')
  return encodePacket({ sequenceNumber: random(0x10000), ssrc: random(0x7fff_ffff), message })
}

function hostile(seen: readonly Uint8Array[]): readonly Make[] {
  const one = (): Buffer => Buffer.from(seen[random(seen.length)] ?? [])
  return [
    one,
    () => one().subarray(0, random(60)),
    () => {
      const packet = one()
      const at = random(packet.length)
      packet[at] = (packet[at] ?? 0) ^ (1 << random(8))
      return packet
    },
    ...[forgedRtp, forgedRtcp, forgedStun, forgedZrtp],
    () => noise(random(100)),
  ]
}

/** How many were handed to the system. */
async function storm({ host, port, perSecond, forMs, seen }: Orders): Promise<number> {
  const socket = createSocket({ type: 'udp4', lookup: (name, _options, done) => done(null, name, 4) })
  await new Promise<void>((resolve) => socket.bind(0, host, resolve))
  socket.on('error', () => undefined)
  const kinds = hostile(seen)
  // Made before: the storm is to cost the receiver, not the sender.
  const packets = Array.from({ length: 4_096 }, (_, at) => (kinds[at % kinds.length] ?? forgedRtp)(at)).filter(
    ({ length }) => length > 0,
  )
  const begun = performance.now()
  let sent = 0
  while (performance.now() - begun < forMs) {
    const due = Math.floor(((performance.now() - begun) / 1_000) * perSecond)
    for (; sent < due; sent += 1) socket.send(packets[sent % packets.length] ?? noise(1), port, host)
    await new Promise((resolve) => setTimeout(resolve, slotMs))
  }
  socket.close()
  return sent
}

process.on('message', (orders: Orders) => {
  void storm(orders).then((sent) => process.send?.(sent))
})
process.on('disconnect', () => process.exit())
