const minCharacters = 10
const minDistinct = 5
const common = new Set([
  '1234567890',
  '0123456789',
  'passwordpassword',
  'password123',
  'password1234',
  'qwertyuiop',
  'qwertzuiop',
  'correct horse battery staple',
  'correcthorsebatterystaple',
  'letmeinletmein',
  'iloveyou123',
  'administrator',
])

/** The rule that main enforces and the screen explains: ten characters, not one of the usual ones, not the same few again. */
export function meetsPassphraseRule(passphrase: string): boolean {
  const characters = Array.from(passphrase)
  if (characters.length < minCharacters || new Set(characters).size < minDistinct) return false
  return !common.has(passphrase.trim().toLowerCase())
}
