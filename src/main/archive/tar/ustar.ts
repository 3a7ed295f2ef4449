/**
 * Headers of a tar file (POSIX ustar), only what an export needs: plain files, names of at most 100 ASCII characters.
 *
 *   name [100] · mode [8] · uid [8] · gid [8] · size, octal [12] · mtime [12] · checksum [8] · type '0' [1] · link [100]
 *   · "ustar" NUL "00" [8] · owner, group, device, prefix: empty [247]
 *
 * A size of 8 GiB or more does not fit octal digits and is written as GNU tar does: 0x80, then big-endian [11].
 */
import { ProtocolError } from '#shared/errors.ts'

/** Why bytes are not a tar file as exports write it. */
export type TarErrorCode = 'tar-malformed' | 'tar-truncated'

export const blockBytes = 512
const sizeOffset = 124
const checksumOffset = 148
const typeOffset = 156
const magicOffset = 257
const maxOctalSize = 8 ** 11 - 1
const namePattern = /^[\x21-\x7e]{1,100}$/

/** One file of the archive. */
export interface TarHeader {
  readonly name: string
  readonly size: number
}

/** Header block of a file; `mtime` is zero, so that the same content makes the same bytes. */
export function encodeTarHeader({ name, size }: TarHeader): Uint8Array {
  if (!namePattern.test(name)) throw new Error('broken invariant: names in an export are short and ASCII')
  const block = Buffer.alloc(blockBytes)
  block.write(name, 0, 'latin1')
  block.write('0000600\0', 100, 'latin1')
  block.write('0000000\0', 108, 'latin1')
  block.write('0000000\0', 116, 'latin1')
  if (size <= maxOctalSize) block.write(`${size.toString(8).padStart(11, '0')}\0`, sizeOffset, 'latin1')
  else {
    block[sizeOffset] = 0x80
    block.writeUIntBE(size, sizeOffset + 6, 6)
  }
  block.write('00000000000\0', 136, 'latin1')
  block.write('0', typeOffset, 'latin1')
  block.write('ustar\x0000', magicOffset, 'latin1')
  block.write(`${checksumOf(block).toString(8).padStart(6, '0')}\0 `, checksumOffset, 'latin1')
  return block
}

/** Reads a header block; null for a block of zeros, the end. @throws ProtocolError `tar-malformed`. */
export function decodeTarHeader(block: Uint8Array): TarHeader | null {
  if (block.length !== blockBytes) throw tarError('tar-truncated')
  if (block.every((byte) => byte === 0)) return null
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.length)
  if (octal(bytes.subarray(checksumOffset, checksumOffset + 8)) !== checksumOf(bytes))
    throw tarError('tar-malformed', 'checksum')
  if (bytes.toString('latin1', magicOffset, magicOffset + 5) !== 'ustar') throw tarError('tar-malformed', 'magic')
  // Links, folders and long names have no place in an export.
  const type = bytes[typeOffset]
  if (type !== 0x30 && type !== 0) throw tarError('tar-malformed', 'type')
  if (bytes.subarray(345, 500).some((byte) => byte !== 0)) throw tarError('tar-malformed', 'prefix')
  const name = bytes.toString('latin1', 0, 100).replace(/\0[^]*$/, '')
  if (!namePattern.test(name)) throw tarError('tar-malformed', 'name')
  return { name, size: sizeOf(bytes.subarray(sizeOffset, sizeOffset + 12)) }
}

/** Bytes after a file's content up to the next block. */
export function paddingOf(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes
}

export function tarError(code: TarErrorCode, detail?: string): ProtocolError<TarErrorCode> {
  return new ProtocolError<TarErrorCode>(code, detail)
}

function sizeOf(field: Buffer): number {
  if (field[0] !== 0x80) return octal(field)
  const high = field.readUIntBE(1, 5)
  const size = field.readUIntBE(6, 6)
  if (high !== 0) throw tarError('tar-malformed', 'size')
  return size
}

function octal(field: Buffer): number {
  const digits = /^ *([0-7]{1,11})[\0 ]*$/.exec(field.toString('latin1'))?.[1]
  if (digits === undefined) throw tarError('tar-malformed', 'number')
  return Number.parseInt(digits, 8)
}

/** Sum of all bytes, the checksum itself counted as spaces. */
function checksumOf(block: Uint8Array): number {
  let sum = 8 * 0x20
  for (const [at, byte] of block.entries()) if (at < checksumOffset || at >= checksumOffset + 8) sum += byte
  return sum
}
