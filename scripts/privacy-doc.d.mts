import type { PrivacyRow } from '../src/shared/model/views.ts'

/** The table in Markdown. */
export function renderTable(rows: readonly PrivacyRow[]): string
/** The page with its table replaced. */
export function replaceTable(page: string, rows: readonly PrivacyRow[]): string
