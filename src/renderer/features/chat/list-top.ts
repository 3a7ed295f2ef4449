/** Pixels above the first row at the base text size: the list's padding (12) and the line that marks the beginning (40). */
export const topHeight = 52
