/** Which key a server has to be pinned to that nobody was told of before. */
import { SottoError } from '#shared/errors.ts'
import type { ServerAddress } from '#shared/model/server-address.ts'
import type { ConnectorPort } from '#shared/ports/sockets.ts'

/**
 * None where an authority vouches for the server, else the pin of the key that it shows: as good as whatever else proves who it is.
 * @throws SottoError `server-unreachable`.
 */
export async function shownPins(connector: ConnectorPort, { host, port }: ServerAddress): Promise<readonly string[]> {
  const found = await connector.stream({ host, port, tls: { serverName: host } })
  if (found.ok) {
    found.value.close()
    return []
  }
  if (found.error.kind !== 'certificate') throw new SottoError('server-unreachable')
  return [found.error.problem.spkiSha256]
}
