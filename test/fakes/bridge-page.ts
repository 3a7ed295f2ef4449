/** Puts the fake bridge on a page, before its own scripts: the scenario comes from `window.scenario`. */
import { FakeBridge, type Scenario } from './bridge.ts'

declare global {
  interface Window {
    scenario?: Scenario
    fake: FakeBridge
  }
}

const fake = new FakeBridge(window.scenario ?? {})
window.fake = fake
Object.defineProperty(window, 'sotto', { value: Object.freeze({ call: fake.call, on: fake.on }) })
