const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const none = 255
/** By UTF-16 code: an import reads several ids for each message. */
const values = new Uint8Array(128).fill(none)
for (const [value, character] of Array.from(alphabet).entries()) values[character.charCodeAt(0)] = value

/** Base64url without padding (RFC 4648 §5). */
export function toBase64Url(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    const digits = Math.min(3, bytes.length - i) + 1
    for (let d = 0; d < digits; d++) text += alphabet.charAt((group >> (18 - 6 * d)) & 63)
  }
  return text
}

/** Reads base64url without padding; null unless `text` is exactly what {@link toBase64Url} would write. */
export function fromBase64Url(text: string): Uint8Array | null {
  if (text.length % 4 === 1) return null
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  let [buffer, bits, at] = [0, 0, 0]
  for (let i = 0; i < text.length; i++) {
    const value = values[text.charCodeAt(i)] ?? none
    if (value === none) return null
    buffer = ((buffer << 6) | value) & 0xffff
    bits += 6
    if (bits >= 8) bytes[at++] = (buffer >> (bits -= 8)) & 0xff
  }
  // Left-over bits must be zero, or two texts would mean the same bytes.
  return (buffer & ((1 << bits) - 1)) === 0 ? bytes : null
}
