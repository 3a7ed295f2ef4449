import { expect, it } from 'vitest'
import { nodeKeyAgreement } from '#protocol/zrtp/key-agreement.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { call, leg, legOffer, planFor } from '#test/fakes/forked-call.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { createGateway } from './gateway.ts'

it('a gateway that is stopped while a call waits for its relay opens no socket for it', async () => {
  let bound = 0
  const [asked, answer] = [Promise.withResolvers<null>(), Promise.withResolvers<string>()]
  const gateway = createGateway({
    datagrams: {
      bind: () => {
        bound += 1
        return Promise.resolve({ ok: false, error: { kind: 'unreachable' } } as const)
      },
      localAddresses: () => ['192.0.2.1'],
    },
    ...{ clock: new FakeClock(), random: new SeededRandom('stopped'), keyAgreement: nodeKeyAgreement },
    resolve: () => {
      asked.resolve(null)
      return answer.promise
    },
  })
  const relay = { host: 'relay.example', port: 3478, username: 'u', password: 'p' }
  const offer = gateway.offer({ call, leg, rendererSdp: legOffer(1), plan: planFor({ relay }) })
  await asked.promise
  await gateway.stop()
  answer.resolve('192.0.2.9')
  expect(await offer).toEqual({ ok: false, error: 'engine' })
  expect(bound).toBe(0)
})
