/** sipp as a registrar that sends broken and forged requests down the registered flow. */
import { expect, it } from 'vitest'
import { describeWithPeers, freePorts, makeRunFolder, startPeer, waitUntil } from './peers.ts'
import { makeStack } from './stack.ts'

const scenario = new URL('sipp/malformed-dialogs.xml', import.meta.url).pathname

describeWithPeers('sipp', ['sipp'], () => {
  it('gets the right refusal for every malformed dialog, and the account goes on', async () => {
    const [port = 0, control = 0] = await freePorts(2)
    const flags = [...['-sf', scenario, '-t', 't1', '-i', '127.0.0.1', '-p', `${port}`, '-m', '1'], '-nostdin']
    const strict = ['-timeout', '30', '-timeout_error', '-trace_err', '-trace_msg', '-cp', `${control}`]
    const sipp = startPeer('sipp', [...flags, ...strict], makeRunFolder('sipp'), { TERM: 'dumb' })
    let exitCode: number | null = null
    sipp.process.once('exit', (code) => (exitCode = code))
    const alice = makeStack('alice', { transport: 'tcp', server: `127.0.0.1:${port}`, msrpRelay: 'none' })
    // Nobody here takes calls: what rings is refused.
    alice.port.onEvent((event) => {
      if (event.kind !== 'call' || event.signal.kind !== 'offered') return
      void alice.port.call({ kind: 'end', call: event.call, status: 488 })
    })
    try {
      await alice.port.configure(alice.account)
      await waitUntil(() => exitCode !== null, 'sipp finishes its scenario', 25_000)
      const texts = alice.bodies.map((body) => Buffer.from(body.payload).toString().trim())
      expect(texts).toEqual(['from a telephone', 'all is well'])
      expect(alice.bodies[0]).toMatchObject({ from: 'sip:+15550100@sotto.test', to: 'sip:alice@sotto.test' })
      expect(alice.events.filter((event) => event.kind === 'chat-session')).toEqual([])
      expect(exitCode, sipp.output().slice(-3000)).toBe(0)
    } finally {
      await alice.port.stop()
      await sipp.stop()
    }
  })
})
