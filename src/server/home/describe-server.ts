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
