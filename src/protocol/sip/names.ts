/** Header names: compact forms (RFC 3261 §7.3.3 and its extensions) and the spelling used on the wire. */

const compactForms: Readonly<Record<string, string>> = {
  a: 'accept-contact',
  b: 'referred-by',
  c: 'content-type',
  d: 'request-disposition',
  e: 'content-encoding',
  f: 'from',
  i: 'call-id',
  j: 'reject-contact',
  k: 'supported',
  l: 'content-length',
  m: 'contact',
  n: 'identity-info',
  o: 'event',
  r: 'refer-to',
  s: 'subject',
  t: 'to',
  u: 'allow-events',
  v: 'via',
  x: 'session-expires',
  y: 'identity',
}

const wireNames: ReadonlyMap<string, string> = new Map(
  [
    ...['Accept', 'Accept-Contact', 'Accept-Encoding', 'Accept-Language', 'Alert-Info', 'Allow', 'Allow-Events'],
    ...['Authentication-Info', 'Authorization', 'Call-ID', 'Call-Info', 'Contact', 'Content-Disposition'],
    ...[
      'Content-Encoding',
      'Content-Language',
      'Content-Length',
      'Content-Type',
      'CSeq',
      'Date',
      'Error-Info',
      'Event',
    ],
    ...['Expires', 'Flow-Timer', 'From', 'In-Reply-To', 'Max-Forwards', 'MIME-Version', 'Min-Expires', 'Min-SE'],
    ...['Organization', 'P-Asserted-Identity', 'P-Preferred-Identity', 'Path', 'Priority', 'Privacy'],
    ...['Proxy-Authenticate', 'Proxy-Authorization', 'Proxy-Require', 'RAck', 'Reason', 'Record-Route', 'Refer-To'],
    ...['Referred-By', 'Reject-Contact', 'Replaces', 'Reply-To', 'Request-Disposition', 'Require', 'Retry-After'],
    ...['Route', 'RSeq', 'Server', 'Service-Route', 'Session-Expires', 'SIP-ETag', 'SIP-If-Match', 'Subject'],
    ...['Subscription-State', 'Supported', 'Timestamp', 'To', 'Unsupported', 'User-Agent', 'Via', 'Warning'],
    'WWW-Authenticate',
  ].map((name) => [name.toLowerCase(), name]),
)

/** Spellings met so far in the table: saves lower-casing on the hot path. */
const knownSpellings = new Map<string, string>()
for (const [lower, wire] of wireNames) {
  knownSpellings.set(lower, lower)
  knownSpellings.set(wire, lower)
}
for (const [compact, long] of Object.entries(compactForms)) {
  knownSpellings.set(compact, long)
  knownSpellings.set(compact.toUpperCase(), long)
}

const tokenPattern = /^[A-Za-z0-9\-.!%*_+`'~]+$/

/** True for an RFC 3261 §25.1 token. */
export function isToken(text: string): boolean {
  return tokenPattern.test(text)
}

/** Long form in lower case, or null if it is no header name. */
export function canonicalHeaderName(spelling: string): string | null {
  const known = knownSpellings.get(spelling)
  if (known !== undefined) return known
  if (!isToken(spelling)) return null
  return spelling.toLowerCase()
}

const wireCache = new Map<string, string>()

/** The usual spelling of a canonical name: `call-id` → `Call-ID`, `x-foo` → `X-Foo`. */
export function wireHeaderName(name: string): string {
  const known = wireNames.get(name) ?? wireCache.get(name)
  if (known !== undefined) return known
  const spelled = name.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase())
  if (wireCache.size < 512) wireCache.set(name, spelled)
  return spelled
}
