import { expect, it } from 'vitest'
import { fuzz as fuzzCpim } from '#protocol/cpim/cpim.fuzz.ts'
import { fuzz as fuzzIce } from '#protocol/ice/ice.fuzz.ts'
import { fuzz as fuzzMsrp } from '#protocol/msrp/codec.fuzz.ts'
import { fuzz as fuzzRtp } from '#protocol/rtp/rtp.fuzz.ts'
import { fuzz as fuzzSdp } from '#protocol/sdp/sdp.fuzz.ts'
import { fuzz as fuzzSip } from '#protocol/sip/sip.fuzz.ts'
import { fuzz as fuzzSrtp } from '#protocol/srtp/srtp.fuzz.ts'
import { fuzz as fuzzZrtp } from '#protocol/zrtp/zrtp.fuzz.ts'
import { fuzz as fuzzEcho } from '#server/home/echo/calls/echo-calls.fuzz.ts'
import { fuzz as fuzzProxy } from '#server/home/proxy/sip-proxy.fuzz.ts'
import { fuzz as fuzzRelay } from '#server/home/relay/relay.fuzz.ts'
import {
  bridgeArguments,
  damagedBodies,
  damagedEntries,
  damagedHttp,
  damagedInvitations,
  damagedLinks,
  noiseBodies,
} from './fuzz/program-targets.ts'
import { damagedCpim, damagedMsrp, damagedSdp, damagedSip } from './fuzz/protocol-targets.ts'
import { runInputs, wantedInputs, type FuzzTarget } from './fuzz/run-inputs.ts'
import { hostileServer } from './fuzz/user-agent-target.ts'

const targets: readonly (readonly [string, FuzzTarget, number])[] = [
  ['sip', fuzzSip, 5_000],
  ['sip, damaged vectors', damagedSip, 5_000],
  ['sdp', fuzzSdp, 5_000],
  ['sdp, damaged vectors', damagedSdp, 5_000],
  ['msrp', fuzzMsrp, 5_000],
  ['msrp, damaged vectors', damagedMsrp, 5_000],
  ['stun, turn and ice', fuzzIce, 1_000],
  ['cpim', fuzzCpim, 5_000],
  ['cpim and xml, damaged vectors', damagedCpim, 5_000],
  ['rtp and rtcp', fuzzRtp, 5_000],
  ['srtp', fuzzSrtp, 5_000],
  ['zrtp', fuzzZrtp, 5_000],
  ['sip proxy', fuzzProxy, 4_000],
  ['echo calls', fuzzEcho, 1_000],
  ['msrp relay', fuzzRelay, 5_000],
  ['user agent', hostileServer, 2_000],
  ['entries', damagedEntries, 5_000],
  ['chat bodies', damagedBodies, 5_000],
  ['chat bodies from pieces', noiseBodies, 5_000],
  ['device links', damagedLinks, 5_000],
  ['invitations', damagedInvitations, 5_000],
  ['http responses', damagedHttp, 5_000],
  ['bridge arguments', bridgeArguments, 5_000],
]

it.each(targets)('%s: parsed or refused, whatever comes', async (name, target, batch) => {
  const report = await runInputs(name, target, batch)
  expect(report.inputs).toBe(wantedInputs())
})
