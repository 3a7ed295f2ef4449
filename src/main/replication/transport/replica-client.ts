import type { z } from 'zod'
import { BlobRequests } from './blob-requests.ts'
import type { ReplicaHttpAnswer } from './http-port.ts'
import { failureIn, problemIn } from './problems.ts'
import { believe, parse, type Asked } from './parse-answer.ts'
import { ReplicaHttp } from './replica-http.ts'
import { ReplicaNews, type ReplicaNewsPorts } from './replica-news.ts'
import { askUnsigned, type Authorize } from './unsigned-requests.ts'
import type {
  BlobPart,
  BlobPushed,
  ConnectReplica,
  OpeningSecret,
  ReplicaAddress,
  ReplicaClientPort,
  RequestSignerPort,
  SealedEpochKey,
  ServerCopy,
  SignInSecrets,
} from '../client-ports.ts'
import type { PushAnswer, ServerHead } from '../ports.ts'
import { SottoError } from '#shared/errors.ts'
import { signInRequest } from '#shared/home/api.ts'
import type { AttachmentId } from '#shared/model/ids.ts'
import type { Place } from '#shared/replication/head.ts'
import type { ConnectorPort } from '#shared/ports/sockets.ts'
import * as api from '#shared/replication/api.ts'
import { decodePage, type Page } from '#shared/replication/page.ts'

export interface ReplicaClientPorts extends ReplicaNewsPorts {
  readonly connector: Pick<ConnectorPort, 'stream'> & ReplicaNewsPorts['connector']
  readonly authorize: Authorize
}

const chainTarget = `${api.replicaPath}/chain`
const erasureTarget = `${api.replicaPath}/erasure`
const noBody = new Uint8Array()
/** Of answers without lists and batches. */
const smallAnswer = 65_536
const listAnswer = api.listBytes + smallAnswer
const pageAnswer = api.pageBytes + api.maxBatchBytes + smallAnswer
/** A server that goes on without an end is not believed. */
const mostPages = 256

/** Makes clients of replicas. */
export function replicaConnector(ports: ReplicaClientPorts): ConnectReplica {
  return (account, address, signer) => new ReplicaClient(account, { address, signer }, ports)
}

class ReplicaClient implements ReplicaClientPort {
  readonly #account: string
  readonly #authorize: Authorize
  readonly #http: ReplicaHttp
  readonly #news: ReplicaNews
  readonly #blobs: BlobRequests
  #erasureNotice: api.ErasureNotice | null = null

  constructor(
    account: string,
    { address, signer }: { readonly address: ReplicaAddress; readonly signer: RequestSignerPort },
    ports: ReplicaClientPorts,
  ) {
    this.#account = account
    this.#authorize = ports.authorize
    this.#http = new ReplicaHttp(address, { account, by: signer }, ports)
    this.#news = new ReplicaNews(address, this.#http, ports)
    this.#blobs = new BlobRequests((asked, most) => this.#ask(asked, most))
  }

  async heads(): Promise<readonly ServerHead[]> {
    return (await this.#read(api.headsAnswer, { method: 'GET', path: '/heads' })).heads
  }

  async push(batch: Uint8Array, begins: boolean): Promise<PushAnswer> {
    const answer = await this.#ask({ method: 'POST', path: `/batches?begins=${begins ? 1 : 0}`, body: batch })
    const problem = problemIn(answer)
    if (problem?.problem === 'not-behind-head') return { kind: 'refused', head: problem.head ?? null }
    parse(api.pushAnswer, answer)
    return { kind: 'taken' }
  }

  page(after: readonly Pick<Place, 'device' | 'seq'>[]): Promise<Page> {
    const body = api.encodeBody(api.pageRequest, { after: after.map(({ device, seq }) => ({ device, seq })) })
    return this.#page({ method: 'POST', path: '/page', body })
  }

  async newest(maxBytes: number): Promise<readonly Uint8Array[]> {
    const bytes = Math.min(maxBytes, api.pageBytes)
    return (await this.#page({ method: 'GET', path: `/newest?bytes=${bytes}` })).batches
  }

  async links(): Promise<readonly Uint8Array[] | null> {
    const links: Uint8Array[] = []
    for (let pages = 0; pages < mostPages; pages += 1) {
      const answer = await this.#ask({ method: 'GET', path: `/chain?from=${links.length}` }, listAnswer)
      // It says so of accounts that it does not have, too.
      if (problemIn(answer)?.problem === 'bad-signature') return null
      const some = parse(api.linksAnswer, answer)
      links.push(...some.links)
      this.#erasureNotice = some.erasure ?? null
      if (some.end) return links
      if (some.links.length === 0) break
    }
    throw new SottoError('server-refused')
  }

  async open(link: Uint8Array, secret: OpeningSecret, more: readonly Uint8Array[] = []): Promise<'stored' | 'open'> {
    const invitation = secret.kind === 'invitation' ? { invitation: secret.token } : {}
    const following = more.length === 0 ? {} : { more: [...more] }
    const body = api.encodeBody(api.openingRequest, { account: this.#account, link, ...following, ...invitation })
    const answer = await this.#askUnsigned({ method: 'PUT', target: chainTarget, body }, secret)
    if (problemIn(answer)?.problem === 'open') return 'open'
    parse(api.storedAnswer, answer)
    return 'stored'
  }

  async addLink(link: Uint8Array, asFork: boolean): Promise<'stored' | 'head-moved'> {
    const body = api.encodeBody(api.linkRequest, { link, asFork })
    const answer = await this.#ask({ method: 'POST', path: '/chain', body })
    if (problemIn(answer)?.problem === 'head-moved') return 'head-moved'
    parse(api.storedAnswer, answer)
    return 'stored'
  }

  async boxes(of?: 'paper'): Promise<readonly SealedEpochKey[]> {
    const boxes: SealedEpochKey[] = []
    for (let pages = 0; pages < mostPages; pages += 1) {
      const from = (boxes.at(-1)?.epoch ?? -1) + 1
      const path = `/boxes?from=${from}${of === undefined ? '' : '&of=paper'}`
      const some = await this.#read(api.boxesAnswer, { method: 'GET', path }, listAnswer)
      boxes.push(...some.boxes)
      if (some.end) return boxes
      if (some.boxes.length === 0) break
    }
    throw new SottoError('server-refused')
  }

  async putBoxes(boxes: Parameters<ReplicaClientPort['putBoxes']>[0]): Promise<void> {
    for (let at = 0; at < boxes.length; at += api.maxBoxesAtOnce) {
      const body = api.encodeBody(api.boxesRequest, { boxes: boxes.slice(at, at + api.maxBoxesAtOnce) })
      await this.#read(api.boxesStoredAnswer, { method: 'POST', path: '/boxes', body })
    }
  }

  async dropBoxesBefore(epoch: number): Promise<void> {
    await this.#read(api.droppedAnswer, { method: 'DELETE', path: `/boxes?before=${epoch}` })
  }

  async giveSignIn({ ha1Sha256, epoch }: SignInSecrets): Promise<boolean> {
    const body = api.encodeBody(signInRequest, { ha1Sha256, epoch })
    const answer = await this.#ask({ method: 'PUT', path: '/sign-in', body })
    if (problemIn(answer)?.problem === 'not-found') return false
    parse(api.storedAnswer, answer)
    return true
  }

  copy(): Promise<ServerCopy> {
    return this.#read(api.usageAnswer, { method: 'GET', path: '/usage' })
  }

  async erase(): Promise<void> {
    await this.#read(api.usageAnswer, { method: 'DELETE', path: '/account' })
  }

  async askErasure(secret: OpeningSecret, ask: boolean): Promise<api.ErasureAnswer> {
    const invitation = secret.kind === 'invitation' ? { invitation: secret.token } : {}
    const body = api.encodeBody(api.erasureRequest, { account: this.#account, ask, ...invitation })
    return parse(api.erasureAnswer, await this.#askUnsigned({ method: 'POST', target: erasureTarget, body }, secret))
  }

  erasureNotice(): api.ErasureNotice | null {
    return this.#erasureNotice
  }

  async keepHistory(): Promise<void> {
    await this.#read(api.droppedAnswer, { method: 'DELETE', path: '/erasure' })
    this.#erasureNotice = null
  }

  pushBlob(id: AttachmentId, part: BlobPart): Promise<BlobPushed> {
    return this.#blobs.push(id, part)
  }

  whichBlobs(ids: readonly AttachmentId[]): ReturnType<ReplicaClientPort['whichBlobs']> {
    return this.#blobs.which(ids)
  }

  readBlob(id: AttachmentId, at: number): Promise<Omit<BlobPart, 'at'> | null> {
    return this.#blobs.read(id, at)
  }

  eraseBlobs(ids: readonly AttachmentId[]): Promise<void> {
    return this.#blobs.erase(ids)
  }

  onNews(handler: () => void): () => void {
    return this.#news.on(handler)
  }

  close(): void {
    this.#news.stop()
    this.#http.close()
  }

  #askUnsigned(request: Parameters<typeof askUnsigned>[1], secret: OpeningSecret): Promise<ReplicaHttpAnswer> {
    return askUnsigned({ http: this.#http, authorize: this.#authorize }, request, secret)
  }

  async #page(asked: Asked): Promise<Page> {
    const answer = await this.#ask(asked, pageAnswer)
    if (answer.status !== 200) throw failureIn(answer)
    return believe(() => decodePage(answer.body))
  }

  async #read<T>(schema: z.ZodType<T>, asked: Asked, most = smallAnswer): Promise<T> {
    return parse(schema, await this.#ask(asked, most))
  }

  #ask({ path, body = noBody, method }: Asked, maxAnswerBytes = smallAnswer): Promise<ReplicaHttpAnswer> {
    return this.#http.request({ method, target: `${api.replicaPath}${path}`, body, signed: true, maxAnswerBytes })
  }
}
