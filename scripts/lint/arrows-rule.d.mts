/** The part of the tree a repository-relative path belongs to, or null outside `src`. */
export function partOf(file: string): string | null
/** Says what is wrong with importing `specifier` in `file` (repository-relative), or null. */
export function checkImport(file: string, specifier: string): string | null
