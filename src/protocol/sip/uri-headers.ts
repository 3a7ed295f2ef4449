import { unescapeUri } from './uri.ts'

/** The `?name=value&…` part of a SIP URI as unescaped pairs with lower-case names, in order. */
export function parseHeaderPairs(headers: string | null): (readonly [string, string])[] {
  if (headers === null || headers === '') return []
  return headers.split('&').map((pair) => {
    const equals = pair.indexOf('=')
    const name = equals < 0 ? pair : pair.slice(0, equals)
    return [unescapeUri(name).toLowerCase(), equals < 0 ? '' : unescapeUri(pair.slice(equals + 1))] as const
  })
}
