import { computeHa1 } from '#protocol/sip/digest.ts'
import type { AccountStore } from './account-store.ts'
import type { RandomPort } from '#shared/ports/random.ts'

/** 32 signs that nobody takes for one another. */
const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789'
/** 120 bits. */
const length = 24

/**
 * Lets phones of a user sign in that know MD5 alone, with a password that is made here and never kept; one of before ends. Null where there
 * is no such user.
 */
export function letPhonesIn(
  user: string,
  ports: { readonly accounts: AccountStore; readonly domain: string; readonly random: RandomPort },
): string | null {
  const { accounts, domain, random } = ports
  if (!accounts.exists(user)) return null
  const password = Array.from(random.bytes(length), (byte) => alphabet[byte % alphabet.length]).join('')
  accounts.setPhoneSecret(user, computeHa1('MD5', user, domain, password))
  return password
}
