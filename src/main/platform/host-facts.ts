/** What the host says about itself; Electron says nothing, the Chromium host leaves its facts in the process. */
export interface HostFacts {
  readonly host: 'electron' | 'chromium'
  /** False when the browser engine runs without its sandbox. */
  readonly sandboxed: boolean
}

const key = Symbol.for('sotto.chromium-host.facts')

export function hostFacts(): HostFacts {
  const left = (globalThis as Record<symbol, unknown>)[key] as { readonly sandboxed?: boolean } | undefined
  if (left === undefined) return { host: 'electron', sandboxed: !process.argv.includes('--no-sandbox') }
  return { host: 'chromium', sandboxed: left.sandboxed === true }
}
