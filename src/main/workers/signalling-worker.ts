/** The signalling worker: SIP and MSRP of every account, on real sockets. */
import type { SignallingMethods, SignallingWorkerEvents } from '#main/accounts/signalling/contract.ts'
import { forwardedLog, signallingMethods } from '#main/accounts/signalling/serve.ts'
import { createSignalling } from '#main/accounts/signalling/signalling-service.ts'
import { collectAtRest } from '#main/platform/heap/rest.ts'
import { v8Heap } from '#main/platform/heap/v8-heap.ts'
import { createConnector } from '#main/platform/sockets/connector.ts'
import { createDatagrams } from '#main/platform/sockets/datagrams.ts'
import { createDnsResolver } from '#main/platform/sockets/dns-resolver.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { runWorker } from '#main/platform/worker-rpc/start-worker.ts'
import { reportBug } from './report-bug.ts'

const report = reportBug('signalling')

// Promises that the SIP library drops must not end every account's signalling.
process.on('unhandledRejection', (error) => report(error, 'promise'))

await runWorker<SignallingMethods, SignallingWorkerEvents>((_start, emit) => {
  const log = forwardedLog((line) => emit('log', line))
  const service = createSignalling({
    connector: createConnector({ clock: systemClock }),
    datagrams: createDatagrams(),
    resolver: createDnsResolver(),
    clock: systemClock,
    random: systemRandom,
    log,
  })
  service.onEvent((event) => emit('signalling', event))
  return signallingMethods(service)
}, report)
collectAtRest(v8Heap(), systemClock)
