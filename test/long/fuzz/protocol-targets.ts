/** Damaged vectors of the RFCs against every parser in `src/protocol`, beside the parsers' own fuzzers. */
import { ProtocolError } from '#shared/errors.ts'
import { parseCpim, serializeCpim } from '#protocol/cpim/cpim.ts'
import { parseImdn } from '#protocol/cpim/imdn.ts'
import { parseIsComposing } from '#protocol/cpim/is-composing.ts'
import { ChunkCollector, ChunkParser } from '#protocol/msrp/chunk.ts'
import { parsePath } from '#protocol/msrp/uri.ts'
import { describeSession } from '#protocol/sdp/description.ts'
import { readMessageMedia } from '#protocol/sdp/message-media.ts'
import { parseSdp } from '#protocol/sdp/parse.ts'
import { readRtpMedia } from '#protocol/sdp/rtp-media.ts'
import { serializeSdp } from '#protocol/sdp/serialize.ts'
import { checkSip } from '#protocol/sip/check.ts'
import { SipStreamFramer } from '#protocol/sip/framing.ts'
import { parseSip } from '#protocol/sip/parse.ts'
import { serializeSip } from '#protocol/sip/serialize.ts'
import { attempt, diceOf, mutated, vectors } from './mutate.ts'
import type { FuzzTarget } from './run-inputs.ts'

const isProtocol = (error: unknown): boolean => error instanceof ProtocolError

/** A target that feeds damaged members of `corpus` to `parse`. */
export function damaged(corpus: readonly Buffer[], parse: (bytes: Buffer, draw: number) => void): FuzzTarget {
  return (count, seed) => {
    const dice = diceOf(seed)
    for (let input = 0; input < count; input += 1) {
      const [bytes, draw] = [mutated(corpus, dice), dice(1 << 16)]
      attempt(() => parse(bytes, draw), isProtocol)
    }
  }
}

const sipCorpus = [...vectors('rfc4475', '.dat'), ...vectors('rfc-sip-flows', '.sip')]

/** Datagrams and streams of SIP. */
export const damagedSip = damaged(sipCorpus, (bytes, draw) => {
  const framer = new SipStreamFramer('client')
  for (const part of [bytes.subarray(0, draw % (bytes.length + 1)), bytes.subarray(draw % (bytes.length + 1))])
    for (const input of framer.push(part))
      if (input.kind === 'message') attempt(() => parseSip(input.bytes, 'stream'), isProtocol)
  const message = parseSip(bytes)
  checkSip(message)
  parseSip(serializeSip(message), 'stream')
})

/** Session descriptions. */
export const damagedSdp = damaged(vectors('rfc-sdp', '.sdp'), (bytes) => {
  const session = parseSdp(bytes.toString('utf8'))
  const written = serializeSdp(session)
  if (serializeSdp(parseSdp(written)) !== written) throw new Error('changed when written again')
  describeSession(session)
  session.media.forEach(readMessageMedia)
  for (const section of session.media) readRtpMedia(session, section)
})

/** Frames of MSRP, whole and in two pieces. */
export const damagedMsrp = damaged(vectors('msrp', '.txt'), (bytes, draw) => {
  const limits = { maxHeadBytes: 2_000, maxBodyBytes: 4_000 }
  const parser = new ChunkParser(
    new ChunkCollector(({ head }) => {
      for (const path of [head.toPath, head.fromPath]) attempt(() => parsePath(path.join(' ')), isProtocol)
    }),
    limits,
  )
  const at = draw % (bytes.length + 1)
  parser.push(bytes.subarray(0, at))
  parser.push(bytes.subarray(at))
})

const cpimCorpus = [...vectors('cpim', '.cpim'), ...vectors('presence-imdn-xml', '.xml')]

/** CPIM, IMDN and is-composing. */
export const damagedCpim = damaged(cpimCorpus, (bytes) => {
  attempt(() => parseImdn(bytes), isProtocol)
  attempt(() => parseIsComposing(bytes), isProtocol)
  const message = parseCpim(bytes)
  const written = serializeCpim(message)
  if (Buffer.compare(serializeCpim(parseCpim(written)), written) !== 0) throw new Error('changed when written again')
})
