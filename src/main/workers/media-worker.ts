/** The media worker: the gateway between the renderer's engine and the network, on real sockets. */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { createGateway } from '#main/media/gateway.ts'
import type { MediaMethods, MediaWorkerEvents } from '#main/media/worker/contract.ts'
import { announceTo, mediaMethods } from '#main/media/worker/serve.ts'
import { collectAtRest } from '#main/platform/heap/rest.ts'
import { v8Heap } from '#main/platform/heap/v8-heap.ts'
import { createDatagrams } from '#main/platform/sockets/datagrams.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { runWorker } from '#main/platform/worker-rpc/start-worker.ts'
import { nodeKeyAgreement } from '#protocol/zrtp/key-agreement.ts'
import { reportBug } from './report-bug.ts'

const report = reportBug('media')

// The DTLS library drops promises when records make no sense.
process.on('unhandledRejection', (error) => report(error, 'promise'))

await runWorker<MediaMethods, MediaWorkerEvents>((_start, emit) => {
  const gateway = createGateway({
    datagrams: createDatagrams(),
    clock: systemClock,
    random: systemRandom,
    keyAgreement: nodeKeyAgreement,
    resolve: async (host) =>
      isIP(host) === 0
        ? lookup(host).then(
            ({ address }) => address,
            () => null,
          )
        : host,
  })
  announceTo((event) => emit('media', event), gateway)
  return mediaMethods(gateway)
}, report)
collectAtRest(v8Heap(), systemClock)
