/** Pages of a transfer, deflated (RFC 1951) where that makes them shorter. */
import { promisify } from 'node:util'
import { deflateRaw, inflateRaw } from 'node:zlib'
import { SottoError } from '#shared/errors.ts'
import { maxPageBytes, type PageMessage } from './transfer-messages.ts'

/** What makes bytes shorter and whole again. */
export interface DeflatePort {
  deflate(bytes: Uint8Array): Promise<Uint8Array>
  /** Rejects for what is not deflated, or more than `maxBytes` long. */
  inflate(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array>
}

/** Beside the main thread; fast rather than small, since disk and network are both faster than the best compression. */
export const threadDeflate: DeflatePort = {
  deflate: (bytes) => promisify(deflateRaw)(bytes, { level: 1 }),
  inflate: async (bytes, maxOutputLength) => new Uint8Array(await promisify(inflateRaw)(bytes, { maxOutputLength })),
}

type PackedPage = Pick<PageMessage, 'deflated' | 'bytes'>

export async function packPage(bytes: Uint8Array, by: Pick<DeflatePort, 'deflate'>): Promise<PackedPage> {
  const deflated = await by.deflate(bytes)
  return deflated.length < bytes.length ? { deflated: true, bytes: deflated } : { deflated: false, bytes }
}

/** @throws SottoError `link-tampered` for what is no deflated page, or too large a one. */
export async function unpackPage(
  { deflated, bytes }: PackedPage,
  by: Pick<DeflatePort, 'inflate'>,
): Promise<Uint8Array> {
  if (!deflated) return bytes
  try {
    return await by.inflate(bytes, maxPageBytes)
  } catch (cause) {
    throw new SottoError('link-tampered', {}, cause)
  }
}
