/** Whether the last build is newer than every source. */
export function isBuilt(): boolean

/** Builds main, preload and renderer where that is needed. */
export function ensureBuild(node: string): void
