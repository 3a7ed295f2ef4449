/**
 * For the parent of a virtual list: the library makes its rows deaf to the pointer while they scroll, and pressing a row
 * that is partly hidden scrolls it into view, so that the release, and with it the click, would be lost.
 */
export const clickableWhileScrolling = '[&>ul]:pointer-events-auto!'
