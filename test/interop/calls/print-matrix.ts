/** `npm run matrix [features] [word…]`: every call of the matrix, or every feature; or those whose names have all the words. */
import { startKamailio, type Kamailio } from '../kamailio.ts'
import { features } from './features.ts'
import { forkFeatures } from './fork-features.ts'
import { homeFeatures } from './home-features.ts'
import { allCases, nameOf, runCase } from './matrix.ts'
import { startPageEngine, type PageEngine } from './page-engine.ts'
import { playScene } from './scene.ts'

type Rows = (kamailio: Kamailio, engine: PageEngine) => AsyncGenerator<{ readonly row: string; readonly isOk: boolean }>

const [first, ...rest] = process.argv.slice(2)
const words = first === 'features' ? rest : process.argv.slice(2)
const isChosen = (name: string): boolean => words.every((word) => name.split(' ').includes(word))
const outcome = (fault: string | null): string => (fault === null ? 'ok' : `failed: ${fault.replaceAll(/\s+/g, ' ')}`)

async function* callRows(kamailio: Kamailio, engine: PageEngine): ReturnType<Rows> {
  console.log('| peer | keys | codec | direction | result | words heard here / there | pictures alike here / there |')
  console.log('|---|---|---|---|---|---|---|')
  for (const call of allCases.filter((candidate) => isChosen(nameOf(candidate)))) {
    const { fault, heardHere, heardThere, seenHere, seenThere } = await runCase(call, kamailio, engine)
    const pictures = seenHere === null || seenThere === null ? '' : `${seenHere.toFixed(2)} / ${seenThere.toFixed(2)}`
    const columns = [...nameOf(call).split(' '), outcome(fault), `${heardHere} / ${heardThere}`, pictures]
    yield { row: `| ${columns.join(' | ')} |`, isOk: fault === null }
  }
}

async function* featureRows(kamailio: Kamailio, engine: PageEngine): ReturnType<Rows> {
  console.log('| feature | result |\n|---|---|')
  for (const { name, run } of [...features, ...forkFeatures, ...homeFeatures].filter((candidate) =>
    isChosen(candidate.name),
  )) {
    const fault = await playScene(kamailio, engine, run)
    yield { row: `| ${name} | ${outcome(fault)} |`, isOk: fault === null }
  }
}

const kamailio = await startKamailio({ digest: 'MD5', udp: true })
const engine = await startPageEngine()
let [all, failures] = [0, 0]
for await (const { row, isOk } of (first === 'features' ? featureRows : callRows)(kamailio, engine)) {
  all += 1
  if (!isOk) failures += 1
  console.log(row)
}
await engine.stop()
await kamailio.stop()
console.log(`${all - failures} of ${all} calls as they should be`)
process.exitCode = failures === 0 ? 0 : 1
