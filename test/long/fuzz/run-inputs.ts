/** How many inputs, in which pieces, and how fast. */

/** Feeds `count` inputs drawn from `seed`; throws on the first that is not simply parsed or refused. */
export type FuzzTarget = (count: number, seed: number) => void | Promise<void>

export interface FuzzReport {
  readonly inputs: number
  readonly seconds: number
  readonly perSecond: number
}

const progressMs = 60_000

/** Inputs per parser, by the environment variable SOTTO_FUZZ_INPUTS or a million. */
export function wantedInputs(): number {
  const wanted = Number(process.env.SOTTO_FUZZ_INPUTS ?? '1000000')
  if (!Number.isSafeInteger(wanted) || wanted < 1) throw new Error('SOTTO_FUZZ_INPUTS is no count')
  return wanted
}

/** First seed of a run; SOTTO_FUZZ_SEED moves on to inputs that no run has seen. */
function firstSeed(): number {
  return Number(process.env.SOTTO_FUZZ_SEED ?? '1')
}

/** Runs a target in batches of `batch`, says how far it is once a minute, and names the seed of a batch that failed. */
export async function runInputs(name: string, target: FuzzTarget, batch: number): Promise<FuzzReport> {
  const inputs = wantedInputs()
  const start = performance.now()
  let said = start
  for (let done = 0; done < inputs; done += batch) {
    const [count, seed] = [Math.min(batch, inputs - done), firstSeed() + done]
    try {
      await target(count, seed)
    } catch (error) {
      throw new Error(`${name}: batch of ${count} with seed ${seed}`, { cause: error })
    }
    if (performance.now() - said < progressMs) continue
    said = performance.now()
    say(`${name}: ${done + count} of ${inputs}`)
  }
  const seconds = (performance.now() - start) / 1000
  const perSecond = Math.round(inputs / seconds)
  say(`${name}: ${inputs} inputs in ${seconds.toFixed(1)} s, ${perSecond}/s`)
  return { inputs, seconds, perSecond }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
