/** sipp with a scenario of our own, over UDP: the server of an account and whoever is behind it. */
import { createSocket } from 'node:dgram'
import { expect } from 'vitest'
import { freePorts, makeRunFolder, startPeer, waitUntil } from './peers.ts'

export interface Sipp {
  readonly port: number
  /** Waits until it has seen all of its scenario, and nothing else. */
  done(): Promise<void>
  /** Lets a call go on that waits for an INFO. */
  goOn(sipCallId: string): void
  stop(): Promise<void>
}

export interface SippOptions {
  readonly scenario: string
  /** Calls it takes, each registration among them. */
  readonly calls: number
  /** Keywords of the scenario. */
  readonly keywords?: Readonly<Record<string, number>>
}

export async function startSipp({ scenario, calls, keywords = {} }: SippOptions): Promise<Sipp> {
  const [port = 0, control = 0] = await freePorts(2)
  const file = new URL(`sipp/${scenario}.xml`, import.meta.url).pathname
  const flags = ['-sf', file, '-t', 'u1', '-i', '127.0.0.1', '-p', `${port}`, '-m', `${calls}`, '-nostdin']
  const strict = ['-timeout', '40', '-timeout_error', '-trace_err', '-trace_msg', '-cp', `${control}`]
  const keys = Object.entries(keywords).flatMap(([name, value]) => ['-key', name, `${value}`])
  const peer = startPeer('sipp', [...flags, ...strict, ...keys], makeRunFolder('sipp'), { TERM: 'dumb' })
  let exitCode: number | null = null
  let steps = 0
  peer.process.once('exit', (code) => (exitCode = code))
  return {
    port,
    done: async () => {
      await waitUntil(() => exitCode !== null, `sipp finishes ${scenario}`, 40_000)
      expect(exitCode, peer.output().slice(-3000)).toBe(0)
    },
    goOn: (sipCallId) => sendInfo(port, sipCallId, (steps += 1)),
    stop: () => peer.stop(),
  }
}

function sendInfo(port: number, sipCallId: string, step: number): void {
  const lines = [
    'INFO sip:scenario@127.0.0.1 SIP/2.0',
    `Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKgo${step}`,
    'From: <sip:test@127.0.0.1>;tag=test',
    'To: <sip:scenario@127.0.0.1>',
    `Call-ID: ${sipCallId}`,
    `CSeq: ${step} INFO`,
    'Content-Length: 0',
  ]
  const socket = createSocket('udp4')
  socket.send(`${lines.join('\r\n')}\r\n\r\n`, port, '127.0.0.1', () => socket.close())
}
