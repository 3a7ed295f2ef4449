/** What a client asks about sealed attachments. */
import type { ReplicaHttpAnswer } from './http-port.ts'
import { parse, type Asked } from './parse-answer.ts'
import { problemIn } from './problems.ts'
import type { BlobPart, BlobPushed, ReplicaBlobsPort } from '../client-ports.ts'
import { fromBase64Url } from '#shared/bytes/base64url.ts'
import { SottoError } from '#shared/errors.ts'
import type { AttachmentId } from '#shared/model/ids.ts'
import * as api from '#shared/replication/api.ts'

const smallAnswer = 65_536

export class BlobRequests {
  readonly #ask: (asked: Asked, maxAnswerBytes: number) => Promise<ReplicaHttpAnswer>

  constructor(ask: (asked: Asked, maxAnswerBytes: number) => Promise<ReplicaHttpAnswer>) {
    this.#ask = ask
  }

  async push(id: AttachmentId, { at, size, bytes }: BlobPart): Promise<BlobPushed> {
    const path = `/blobs/${id}?at=${at}&of=${size}`
    const answer = await this.#ask({ method: 'PUT', path, body: bytes }, smallAnswer)
    const problem = problemIn(answer)?.problem
    if (problem === 'quota') return { kind: 'full' }
    if (problem === 'wrong-hash' || problem === 'too-large') return { kind: 'refused' }
    const { kind, next } = parse(api.blobPutAnswer, answer)
    return kind === 'part' ? { kind, next } : { kind: 'whole' }
  }

  async which(ids: readonly AttachmentId[]): ReturnType<ReplicaBlobsPort['whichBlobs']> {
    const answers: { readonly whole: boolean; readonly next: number }[] = []
    for (const some of inRequests(ids)) {
      const { blobs } = parse(api.blobsAnswer, await this.#post('/blobs/which', some))
      if (blobs.length !== some.length) throw new SottoError('server-refused')
      answers.push(...blobs)
    }
    return answers
  }

  async read(id: AttachmentId, at: number): Promise<Omit<BlobPart, 'at'> | null> {
    const most = api.blobPartBytes + smallAnswer
    const answer = await this.#ask({ method: 'GET', path: `/blobs/${id}?at=${at}` }, most)
    return problemIn(answer)?.problem === 'not-found' ? null : parse(api.blobAnswer, answer)
  }

  async erase(ids: readonly AttachmentId[]): Promise<void> {
    for (const some of inRequests(ids)) parse(api.droppedAnswer, await this.#post('/blobs/erase', some))
  }

  #post(path: string, ids: readonly AttachmentId[]): Promise<ReplicaHttpAnswer> {
    const body = api.encodeBody(api.blobsRequest, { blobs: ids.map(hashOf) })
    return this.#ask({ method: 'POST', path, body }, smallAnswer)
  }
}

function* inRequests(ids: readonly AttachmentId[]): Generator<readonly AttachmentId[]> {
  for (let at = 0; at < ids.length; at += api.maxBlobsAtOnce) yield ids.slice(at, at + api.maxBlobsAtOnce)
}

function hashOf(id: AttachmentId): Uint8Array {
  const hash = fromBase64Url(id)
  if (hash?.length !== 32) throw new SottoError('invalid-argument')
  return hash
}
