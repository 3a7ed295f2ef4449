import type { ErrorCode } from '#shared/errors.ts'

/** At which field a failure is said; `versions` = those that were shown are there no more. */
export type ProblemPlace = 'address' | 'words' | 'replica' | 'versions' | 'form'

const places: Readonly<Partial<Record<ErrorCode, ProblemPlace>>> = {
  'address-invalid': 'address',
  'account-exists': 'address',
  'paper-words-count': 'words',
  'paper-word-unknown': 'words',
  'paper-words-wrong': 'words',
  'invalid-argument': 'replica',
  'server-unreachable': 'replica',
  'restore-pick-gone': 'versions',
}

export function placeOfProblem(code: ErrorCode): ProblemPlace {
  return places[code] ?? 'form'
}
