/** How this host was started; read once, before the app's main runs. */
export interface HostOptions {
  /** Tests may look inside: Node's inspector and Chromium's debugging port are allowed. */
  readonly test: boolean
  readonly headless: boolean
  readonly debuggingPort: number | null
  readonly userDataDir: string | null
  /** Tests only: stand-ins for microphone and camera. */
  readonly fakeMedia: readonly string[]
}

function valueOf(args: readonly string[], name: string): string | null {
  const found = args.find((arg) => arg.startsWith(`${name}=`))
  return found === undefined ? null : found.slice(name.length + 1)
}

/** Reads the switches and environment that are the host's; the app's own arguments stay in `args`. */
export function readHostOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): { options: HostOptions; args: string[] } {
  const test = env.SOTTO_HOST_TEST === '1'
  const port = valueOf(args, '--remote-debugging-port')
  const fake = /^--use-(fake-|file-for-fake-)/
  const own = /^--(remote-debugging-port=.*|inspect(=.*)?|no-sandbox)$/
  const options: HostOptions = {
    test,
    headless: env.SOTTO_HEADLESS === '1',
    debuggingPort: test && port !== null && /^\d{1,5}$/.test(port) ? Number(port) : null,
    userDataDir: valueOf(args, '--user-data-dir'),
    fakeMedia: test ? args.filter((arg) => fake.test(arg)) : [],
  }
  return { options, args: args.filter((arg) => !own.test(arg) && !fake.test(arg)) }
}
