/** Whether a text names a host, or an address, with an optional port. */
export function isRelayServer(text: string): boolean {
  const found = /^(\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::(\d{1,5}))?$/i.exec(text)
  const port = Number(found?.[2] ?? 3478)
  return found !== null && port > 0 && port < 65_536
}
