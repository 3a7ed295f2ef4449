/** The words of a paper secret as they are compared, however they were typed. */
export function paperWordsOf(typed: string): string {
  return typed.normalize('NFKC').trim().toLowerCase().split(/\s+/u).join(' ')
}
