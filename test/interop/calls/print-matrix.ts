/** `npm run matrix [word…]`: every call of the matrix, or those whose names have all the words. */
import { startKamailio } from '../kamailio.ts'
import { allCases, nameOf, runCase } from './matrix.ts'
import { startPageEngine } from './page-engine.ts'

const words = process.argv.slice(2)
const cases = allCases.filter((call) => words.every((word) => nameOf(call).split(' ').includes(word)))
const kamailio = await startKamailio({ digest: 'MD5', udp: true })
const engine = await startPageEngine()
let failures = 0
console.log('| peer | keys | codec | direction | result | words heard here / there | pictures alike here / there |')
console.log('|---|---|---|---|---|---|---|')
for (const call of cases) {
  const { fault, heardHere, heardThere, seenHere, seenThere } = await runCase(call, kamailio, engine)
  if (fault !== null) failures += 1
  const outcome = fault === null ? 'ok' : `failed: ${fault}`
  const pictures = seenHere === null || seenThere === null ? '' : `${seenHere.toFixed(2)} / ${seenThere.toFixed(2)}`
  console.log(`| ${nameOf(call).split(' ').join(' | ')} | ${outcome} | ${heardHere} / ${heardThere} | ${pictures} |`)
}
await engine.stop()
await kamailio.stop()
console.log(`${cases.length - failures} of ${cases.length} calls as they should be`)
process.exitCode = failures === 0 ? 0 : 1
