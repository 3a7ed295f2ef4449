/**
 * Hostile clients against the whole proxy: mutated, replayed and crossed messages over flows that come and go. It never
 * throws, stays within its bounds, and forgets everything once the flows are closed.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { withHeader } from '#protocol/sip/headers.ts'
import { serializeSip } from '#protocol/sip/serialize.ts'
import { domain, FakeDomain, type FakePhone } from '#test/fakes/sip-domain.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import type { FlowTransport } from './flow.ts'

const torture = new URL('../../../../test/vectors/rfc4475/', import.meta.url)
const transports: readonly FlowTransport[] = ['udp', 'tcp', 'tls', 'ws', 'wss']
const methods = ['REGISTER', 'INVITE', 'ACK', 'CANCEL', 'BYE', 'MESSAGE', 'OPTIONS', 'SUBSCRIBE', 'PUBLISH', 'X']
const users = ['alice', 'bob', 'carol', 'echo', 'nobody']
const spice = [
  '\r\n',
  '\r\n\r\n',
  '\0',
  '"',
  '<',
  '>',
  ';',
  ',',
  '%',
  ' ',
  'constructor: x\r\n',
  'Route: <sip:1~a~2~b~AAAAAAAAAAAAAAAAAAAAAA@example.com;lr>\r\n',
]

class Attack {
  readonly #world: FakeDomain
  readonly #random: SeededRandom
  readonly #phones: FakePhone[] = []
  readonly #heard: Uint8Array[] = []
  readonly #torture = readdirSync(torture)
    .filter((name) => name.endsWith('.dat'))
    .map((name) => readFileSync(new URL(name, torture)))

  constructor(seed: number) {
    this.#random = new SeededRandom(`attack ${seed}`)
    this.#world = new FakeDomain({ limits: { flows: 64, transactions: 400, bindings: 40 } }, String(seed))
    this.#world.proxy.registerLocal('echo', (exchange) => exchange.respond({ status: this.#pick([200, 180, 486]) }))
  }

  async run(iterations: number): Promise<void> {
    for (let iteration = 0; iteration < iterations; iteration += 1) {
      await this.#act()
      const { flows, transactions, bindings } = this.#world.proxy.counts
      if (flows > 64 || transactions > 1_000 || bindings > 40) throw new Error('a table outgrew its bound')
    }
    for (const phone of this.#phones) phone.flow.close()
    await this.#world.clock.advance(400_000)
    if (this.#world.log.lines.some((line) => line.includes('sip.handling-failed')))
      throw new Error('a request broke it')
    const { flows, transactions } = this.#world.proxy.counts
    if (flows > 1 || transactions > 0) throw new Error(`left behind: ${flows} flows, ${transactions} transactions`)
    this.#world.proxy.stop()
  }

  async #act(): Promise<void> {
    const dice = this.#random.below(100)
    if (dice < 4 || this.#phones.length === 0) await this.#arrive()
    else if (dice < 6) this.#pick(this.#phones).flow.close()
    else if (dice < 8) await this.#world.clock.advance(this.#random.below(20_000))
    else this.#send(this.#pick(this.#phones))
  }

  async #arrive(): Promise<void> {
    const phone = this.#world.phone(this.#pick(users), { transport: this.#pick(transports) })
    const handle = phone.flow.onSent
    phone.flow.onSent = (message) => {
      if (this.#heard.length < 200) this.#heard.push(serializeSip(message))
      handle(message)
    }
    phone.answer = () =>
      this.#random.below(5) === 0 ? null : { status: this.#pick([100, 180, 200, 404, 486, 500, 503, 603]) }
    this.#phones.push(phone)
    if (this.#phones.length > 40) this.#phones.shift()?.flow.close()
    if (phone.flow.isOpen && phone.user !== 'nobody' && this.#random.below(2) === 0) {
      void phone.register()
      await this.#world.clock.advance(1)
    }
  }

  #send(phone: FakePhone): void {
    const dice = this.#random.below(10)
    if (dice < 3) void phone.send(this.#pick(methods), `sip:${this.#pick(users)}@${domain}`)
    else phone.flow.input(this.#mutate(dice < 6 ? this.#pick(this.#torture) : this.#known(phone)))
  }

  /** Something the proxy has said to anyone, or a fresh request. */
  #known(phone: FakePhone): Uint8Array {
    if (this.#heard.length > 0 && this.#random.below(3) > 0) return this.#pick(this.#heard)
    const request = phone.build(this.#pick(methods), `sip:${this.#pick(users)}@${domain}`, { body: 'x' })
    return serializeSip(
      withHeader(request, 'contact', this.#pick(['*', '<sip:a@b>;expires=0', '<sip:a@b;x="', 'sip:a@b?x=y'])),
    )
  }

  #mutate(bytes: Uint8Array): Uint8Array {
    if (this.#random.below(3) === 0) return bytes
    const at = this.#random.below(bytes.length)
    const insert = Buffer.from(this.#pick(spice))
    return Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + this.#random.below(9))])
  }

  #pick<Item>(items: readonly Item[]): Item {
    const item = items[this.#random.below(items.length)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }
}

/** Runs `iterations` hostile acts from `seed`; throws on the first broken promise of the proxy. */
export async function fuzz(iterations: number, seed: number): Promise<void> {
  // A new domain every so often: state must not be needed to find faults, nor hide them.
  for (let done = 0; done < iterations; done += 2_000) {
    await new Attack(seed + done).run(Math.min(2_000, iterations - done))
  }
}
