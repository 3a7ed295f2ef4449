/** Features of a browser that a private client must not have. */
const disabledFeatures = [
  'AimEnabled',
  'AutofillServerCommunication',
  'CertificateTransparencyComponentUpdater',
  'DialMediaRouteProvider',
  'GlobalMediaControls',
  'HttpsUpgrades',
  'InterestFeedContentSuggestions',
  'LensOverlay',
  'LocalNetworkAccessChecks',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'PreconnectToSearch',
  'PreloadTopChromeWebUI',
  'SpareRendererForSitePerProcess',
  'Translate',
  // Host candidates of the loopback media would otherwise be announced to the network as random names.
  'WebRtcHideLocalIpsWithMdns',
  'WebUIOmniboxAimPopup',
  'WebUIOmniboxFullPopup',
  'WebUIOmniboxPopup',
]

const hardening = [
  '--disable-extensions',
  '--disable-component-extensions-with-background-pages',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-client-side-phishing-detection',
  '--disable-default-apps',
  '--disable-domain-reliability',
  '--disable-field-trial-config',
  '--disable-breakpad',
  '--disable-crash-reporter',
  '--disable-sync',
  '--disable-gpu-shader-disk-cache',
  '--disable-search-engine-choice-screen',
  '--disable-back-forward-cache',
  '--disk-cache-size=1',
  '--media-cache-size=1',
  '--dns-prefetch-disable',
  '--metrics-recording-only',
  '--no-pings',
  '--no-proxy-server',
  '--no-service-autorun',
  '--password-store=basic',
  '--use-mock-keychain',
  // Nothing resolves: pages come through the pipe. Only loopback media keeps its address.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
]

/** The page's calls end in this computer (design: the media gateway). */
const loopbackMedia = [
  // Without a network there is no other address to reach the gateway from.
  '--allow-loopback-in-peer-connection',
  // A call rings, and is heard after an answer from a notification, in a window nobody has touched yet.
  '--autoplay-policy=no-user-gesture-required',
]

const plainApp = [
  '--no-first-run',
  '--no-default-browser-check',
  '--no-startup-window',
  '--hide-crash-restore-bubble',
  // Hides the bar that warns about command line switches.
  '--test-type',
  '--disable-backgrounding-occluded-windows',
]

export interface SwitchOptions {
  readonly profile: string
  readonly appName: string
  /** What the app added through `app.commandLine`. */
  readonly extra: readonly string[]
  readonly headless: boolean
  /** Only as root, where Chromium's sandbox cannot start. */
  readonly noSandbox: boolean
  /** Tests only: any local process could drive the app through it. */
  readonly debuggingPort: number | null
}

const disableFeatures = '--disable-features='

/** Chromium obeys the last `--disable-features` only, so ours and the app's become one. */
function mergeFeatures(extra: readonly string[]): string {
  const added = extra
    .filter((name) => name.startsWith(disableFeatures))
    .map((name) => name.slice(disableFeatures.length))
  return disableFeatures + [...disabledFeatures, ...added].join(',')
}

/** The command line Chromium is started with. */
export function chromiumSwitches(options: SwitchOptions): string[] {
  return [
    '--remote-debugging-pipe',
    `--user-data-dir=${options.profile}`,
    `--class=${options.appName}`,
    ...hardening,
    ...plainApp,
    ...loopbackMedia,
    mergeFeatures(options.extra),
    ...(options.headless ? ['--headless=new'] : []),
    ...(options.noSandbox ? ['--no-sandbox'] : []),
    ...(options.debuggingPort === null ? [] : [`--remote-debugging-port=${options.debuggingPort}`]),
    ...options.extra.filter((name) => !name.startsWith(disableFeatures)),
  ]
}
