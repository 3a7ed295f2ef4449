/** An agent at a computer of the simulated network, and what its owner was told. */
import type { DatagramsPort } from '#shared/ports/datagrams.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import { IceAgent, type IceAgentOptions, type MediaArrival } from '#protocol/ice/agent.ts'
import { parseCandidate, serializeCandidate, type Candidate, type Component } from '#protocol/ice/candidate.ts'
import type { IcePath, RemoteDescription, StreamState } from '#protocol/ice/ice-types.ts'
import { SeededRandom } from './seeded-random.ts'

export interface Phone {
  readonly agent: IceAgent
  readonly streams: readonly { readonly stream: number; readonly components: 1 | 2 }[]
  readonly states: StreamState[]
  readonly paths: { readonly stream: number; readonly component: Component; readonly path: IcePath }[]
  readonly received: MediaArrival[]
  readonly lost: Component[]
  readonly late: Candidate[]
  readonly roles: string[]
}

type PhoneOptions = Omit<IceAgentOptions, 'datagrams' | 'clock' | 'random' | 'policy'> & {
  readonly policy?: 'all' | 'relay'
  readonly seed?: string | number
  readonly streams?: Phone['streams']
}

/** An agent with one stream of two components unless told otherwise. */
export function makePhone(datagrams: DatagramsPort, clock: ClockPort, options: PhoneOptions): Phone {
  const { seed = options.role, streams = [{ stream: 0, components: 2 }], policy = 'all', ...rest } = options
  const record = {
    states: [] as StreamState[],
    paths: [] as Phone['paths'],
    received: [] as MediaArrival[],
    lost: [] as Component[],
    late: [] as Candidate[],
    roles: [] as string[],
  }
  const agent = new IceAgent(
    { ...rest, policy, datagrams, clock, random: new SeededRandom(`phone ${seed}`) },
    {
      onMedia: (arrival) => record.received.push(arrival),
      onState: (_stream, state) => record.states.push(state),
      onPath: (stream, component, path) => record.paths.push({ stream, component, path }),
      onConsentLost: (_stream, component) => record.lost.push(component),
      onLateCandidate: (_stream, candidate) => record.late.push(candidate),
      onRole: (role) => record.roles.push(role),
    },
  )
  return { agent, streams, ...record }
}

/** What `speaker` tells about itself, as text that was read again. */
export function describeOf(
  speaker: Phone,
  changes: { readonly lite?: boolean; readonly components?: 1 | 2 } = {},
): RemoteDescription {
  const { credentials, streams } = speaker.agent.local
  return {
    lite: changes.lite ?? false,
    ice2: true,
    streams: streams.map(({ stream, candidates }) => ({
      ...{ stream, credentials, components: changes.components ?? speaker.streams[0]?.components ?? 2 },
      candidates: candidates.map(serializeCandidate).map((text) => {
        const candidate = parseCandidate(text)
        if (candidate === null) throw new Error(`unreadable: ${text}`)
        return candidate
      }),
    })),
  }
}

/** A media packet that can be told from others. */
export function media(mark: number): Uint8Array {
  return Uint8Array.of(0x80, 0, 0, mark)
}
