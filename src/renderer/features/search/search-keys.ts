/** Shortcuts of the search, as people write them. */
export const searchKeys = { everywhere: 'Ctrl+K', here: 'Ctrl+F', filters: 'Ctrl+Shift+F' } as const
