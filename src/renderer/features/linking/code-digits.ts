/** The eight digits that link a device: reading what was typed, and writing them for eyes and ears; pure. */

import { linkCodeDigits } from '#shared/linking/link-code.ts'

const half = linkCodeDigits / 2

/** The digits of what was typed, at most as many as a code has. */
export function codeDigits(typed: string): string {
  return typed.replace(/\D/g, '').slice(0, linkCodeDigits)
}

/** In two groups, as far as there are digits. */
export function groupCode(digits: string): string {
  return digits.length <= half ? digits : `${digits.slice(0, half)} ${digits.slice(half)}`
}

/** One digit after the other with a rest between the groups, for a screen reader. */
export function spellCode(digits: string): string {
  return groupCode(digits)
    .split(' ')
    .map((group) => (group.match(/\d/g) ?? []).join(' '))
    .join(', ')
}

/** Minutes and seconds that are left, `1:05`. */
export function remainingText(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds))
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}
