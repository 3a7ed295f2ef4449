import type { HomeOptions } from './options.ts'
import type { HomeEndpoint, InvitationReply } from '#shared/home/api.ts'

/** What a person who started the server by hand wants to know: where it listens and how to get an address. */
export function describeServer(endpoint: HomeEndpoint, directory: string, invitation: InvitationReply | null): string {
  const { domain, host, lan, ports } = endpoint
  const secureHost = lan ? 'this computer’s network addresses' : host
  const lines = [
    `Home server for ${domain}, files in ${directory}`,
    '',
    `  SIP   wss ${ports.https}  tls ${ports.sipTls}                 on ${secureHost}`,
    `        ws ${ports.ws}  tcp ${ports.sipTcp}  udp ${ports.sipUdp}      on ${host}`,
    `  MSRP  wss ${ports.https}  tls ${ports.msrpTls}  ws ${ports.ws}  tcp ${ports.msrpTcp}`,
    `  HTTPS ${ports.https} (sign-up, invitations, /me)`,
    `  certificate pin (SHA-256 of the key) ${endpoint.spkiPin}`,
    '',
    'To get an address here: start Sotto on this computer and choose “Create an account on this computer”.',
    ...describeInvitation(invitation),
    `Everyone can write to echo@${domain}: it answers what it gets. Ctrl+C ends the server.`,
  ]
  return `${lines.join('\n')}\n`
}

/** Lets phones in or shuts them out as the options say, and tells how that went. */
export function describePhones(
  server: { letPhonesIn(user: string): string | null; shutPhonesOut(user: string): boolean },
  { phone, noPhone }: Pick<HomeOptions, 'phone' | 'noPhone'>,
): string {
  const lines: string[] = []
  if (noPhone !== null)
    lines.push(
      server.shutPhonesOut(noPhone) ? `Phones of ${noPhone} cannot sign in with MD5 any more.` : noUser(noPhone),
    )
  if (phone !== null) {
    const password = server.letPhonesIn(phone)
    lines.push(password === null ? noUser(phone) : `Phones of ${phone} sign in with MD5 and the password ${password}`)
  }
  return lines.map((line) => `${line}\n`).join('')
}

const noUser = (user: string): string => `There is no user ${user}.`

function describeInvitation(invitation: InvitationReply | null): string[] {
  if (invitation === null) return ['For somebody else: run it with --invite (and --lan for other computers).']
  const until = new Date(invitation.expiresAt).toISOString().slice(0, 16).replace('T', ' ')
  return [
    `An invitation for one person, until ${until} UTC, to paste into Sotto:`,
    '',
    `  ${invitation.invitation}`,
    '',
  ]
}
