/** A scheme's handler: the app's answer to one request. */
export type SchemeHandler = (request: Request) => Response | Promise<Response>

/** `electron.protocol`: the app's own schemes, served over the debugging pipe. */
class HostProtocol {
  readonly #handlers = new Map<string, SchemeHandler>()

  /** Every scheme the app handles is standard and secure here, as {@link https://app.sotto.invalid} is for Chromium. */
  registerSchemesAsPrivileged(schemes: readonly { scheme: string }[]): void {
    for (const { scheme } of schemes)
      if (!/^[a-z][a-z0-9-]*$/.test(scheme)) throw new Error(`This host cannot serve the scheme ${scheme}`)
  }

  handle(scheme: string, handler: SchemeHandler): void {
    if (this.#handlers.has(scheme)) throw new Error(`Failed to register protocol: ${scheme}`)
    this.#handlers.set(scheme, handler)
  }

  unhandle(scheme: string): void {
    this.#handlers.delete(scheme)
  }

  isProtocolHandled(scheme: string): boolean {
    return this.#handlers.has(scheme)
  }

  /** Host only. */
  handlerOf(scheme: string): SchemeHandler | null {
    return this.#handlers.get(scheme) ?? null
  }
}

export const protocol = new HostProtocol()
