// Names the tests that passed on the second try only: real programs on a busy machine may lose a race, but nobody may overlook it.
import { say } from './say.mjs'

export default class SecondTryReporter {
  #names = []

  onTestCaseResult(test) {
    if (test.diagnostic()?.flaky) this.#names.push(`${test.module.relativeModuleId} > ${test.fullName}`)
  }

  onTestRunEnd() {
    say(`passed on the second try: ${this.#names.length}`)
    for (const name of this.#names) say(`  ${name}`)
  }
}
