import { windowRegistry } from '../window/window-registry.ts'

/** `electron.clipboard`, writing only: reading cannot be synchronous here, and the page has `navigator.clipboard`. */
export const clipboard = {
  /** Copies through an open window; without one nothing is copied. */
  writeText(text: string): void {
    const write = `navigator.clipboard.writeText(${JSON.stringify(text)})`
    windowRegistry.all()[0]?.whenPage((page) => {
      page.evaluateIsolated(write, true).catch(() => undefined)
    })
  },
  /** @throws Error always: see above. */
  readText(): string {
    throw new Error('clipboard.readText is not available on this host: use navigator.clipboard in the page.')
  },
}
