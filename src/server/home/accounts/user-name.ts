import { homeUserPattern } from '#shared/home/api.ts'

/** Names that belong to the server or that people take for it (RFC 2142 and the like). */
export const reservedUsers: ReadonlySet<string> = new Set([
  'abuse',
  'admin',
  'administrator',
  'anonymous',
  'echo',
  'hostmaster',
  'me',
  'noreply',
  'postmaster',
  'registrar',
  'root',
  'security',
  'server',
  'sotto',
  'support',
  'system',
  'webmaster',
])

/** Whether a person may take this name; `malformed` covers everything the address grammar would have to escape. */
export function checkUserName(user: string): 'free-to-ask' | 'malformed' | 'reserved' {
  if (!homeUserPattern.test(user)) return 'malformed'
  return reservedUsers.has(user) ? 'reserved' : 'free-to-ask'
}
