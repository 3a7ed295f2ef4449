/** The code that a new device shows and a person types on an old one: eight digits, good for one try. */
export const linkCodeDigits = 8

/** In two groups, for reading. */
export function groupLinkCode(code: string): string {
  return `${code.slice(0, linkCodeDigits / 2)} ${code.slice(linkCodeDigits / 2)}`
}

/** The digits that were typed, with or without space between; null for anything else. */
export function parseLinkCode(typed: string): string | null {
  const digits = typed.length > 4 * linkCodeDigits ? '' : typed.replace(/[\s-]+/g, '')
  return /^\d{8}$/.test(digits) ? digits : null
}
