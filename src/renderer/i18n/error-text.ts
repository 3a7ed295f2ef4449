import type { ErrorCode } from '#shared/errors.ts'
import type { Translate } from './i18n.ts'

/** The sentence for an error code: what happened and what to do. */
export function errorText(
  t: Translate,
  code: ErrorCode,
  params: Readonly<Record<string, string | number>> = {},
): string {
  return t(`errors.${code}`, params)
}
