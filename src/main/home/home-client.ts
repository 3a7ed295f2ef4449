import type { z } from 'zod'
import { authorize, digestSecrets, makePassword, type DigestSecrets } from './digest-secrets.ts'
import type { HttpResponse } from './http-response.ts'
import { sendHttps, type HttpsRequest } from './https-client.ts'
import type { HomeCredentials, HomeMe, HomeServerAddress } from './port.ts'
import { SottoError, type ErrorCode } from '#shared/errors.ts'
import {
  domainReply,
  erasedReply,
  exportReply,
  invitationReply,
  meReply,
  problemReply,
  type DomainReply,
  type InvitationReply,
  type ProblemCode,
} from '#shared/home/api.ts'
import { parseAor } from '#shared/model/aor.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { ConnectorPort } from '#shared/ports/sockets.ts'

type Target = Pick<HomeServerAddress, 'https' | 'spkiPins'>

const codeOf: Readonly<Record<ProblemCode, ErrorCode>> = {
  'bad-request': 'server-refused',
  'browser-refused': 'server-refused',
  'host-refused': 'server-refused',
  unauthorized: 'wrong-password',
  'token-wrong': 'server-refused',
  'invitation-invalid': 'invitation-invalid',
  'address-taken': 'address-taken',
  'address-reserved': 'address-taken',
  'history-sealed': 'history-sealed',
  'too-many': 'server-refused',
  'not-found': 'not-found',
  internal: 'home-server-failed',
}

/** The HTTPS requests a client makes of a home server. */
export class HomeClient {
  readonly #ports: { readonly connector: ConnectorPort; readonly clock: ClockPort; readonly random: RandomPort }

  constructor(ports: { readonly connector: ConnectorPort; readonly clock: ClockPort; readonly random: RandomPort }) {
    this.#ports = ports
  }

  async domain(target: Target): Promise<DomainReply> {
    return read(await this.#send(target, { method: 'GET', path: '/domain' }), domainReply)
  }

  /** Makes a password, tells the server what digest needs of it, and returns both. */
  async signUp(
    address: HomeServerAddress,
    user: string,
    proof: { readonly token: string } | { readonly invitation: string },
  ): Promise<DigestSecrets & { readonly aor: Aor; readonly password: Uint8Array }> {
    const aor = parseAor(`${user}@${address.domain}`)
    if (!aor.ok) throw new SottoError('address-invalid')
    const password = makePassword(this.#ports.random)
    const secrets = digestSecrets(user, address.domain, password)
    const json = { user, ...secrets, ...proof }
    read(await this.#send(address, { method: 'POST', path: '/sign-up', json }), domainReply)
    return { aor: aor.value, password, ...secrets }
  }

  async invite(address: HomeServerAddress, token: string, lan: boolean): Promise<InvitationReply> {
    const headers = { authorization: `Sotto-Token ${token}` }
    const reply = await this.#send(address, { method: 'POST', path: '/invitations', headers, json: { lan } })
    return read(reply, invitationReply)
  }

  me(target: Target, credentials: HomeCredentials): HomeMe {
    const ask = (request: HttpsRequest): Promise<HttpResponse> => this.#sendSignedIn(target, credentials, request)
    return {
      describe: async () => read(await ask({ method: 'GET', path: '/me' }), meReply),
      export: async () => read(await ask({ method: 'GET', path: '/me/export' }), exportReply),
      eraseMailbox: async () => read(await ask({ method: 'DELETE', path: '/me/mailbox' }), erasedReply),
      changePassword: async (next) => {
        check(await ask({ method: 'PUT', path: '/me/password', json: next }))
      },
      letPhonesIn: async (ha1Md5) => {
        check(await ask({ method: 'PUT', path: '/me/phones', json: { ha1Md5 } }))
      },
      close: async () => read(await ask({ method: 'DELETE', path: '/me' }), erasedReply),
    }
  }

  async #sendSignedIn(target: Target, credentials: HomeCredentials, request: HttpsRequest): Promise<HttpResponse> {
    const { json: _json, ...bare } = request
    const challenged = await this.#send(target, bare)
    const challenge = challenged.headers.get('www-authenticate')
    if (challenged.status !== 401 || challenge === undefined) return challenged
    const authorization = authorize(challenge, credentials, request, this.#ports.random)
    if (authorization === null) throw new SottoError('foreign-realm-refused')
    return this.#send(target, { ...request, headers: { authorization } })
  }

  #send(target: Target, request: HttpsRequest): Promise<HttpResponse> {
    return sendHttps({ ...target.https, spkiPins: target.spkiPins }, request, this.#ports)
  }
}

/** Throws the failure that a refusal stands for. */
function check(response: HttpResponse): void {
  if (response.status < 300) return
  const problem = problemReply.safeParse(parseJson(response.body))
  throw new SottoError(problem.success ? codeOf[problem.data.problem] : 'server-refused', { status: response.status })
}

function read<T>(response: HttpResponse, schema: z.ZodType<T>): T {
  check(response)
  const parsed = schema.safeParse(parseJson(response.body))
  if (!parsed.success) throw new SottoError('server-refused', { status: response.status })
  return parsed.data
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return null
  }
}
