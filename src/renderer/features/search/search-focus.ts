import { closeMain, mainViewNow } from '#renderer/stores/screen-store.ts'
import { searchConversation, searchNow, setPanelOpen } from '#renderer/stores/search-store.ts'

/** Puts the focus into the search field. */
export function focusSearch(): void {
  const input = document.querySelector<HTMLInputElement>('[data-search] input')
  if (input === null) return
  // In a narrow window the list is hidden behind the conversation.
  if (input.getClientRects().length === 0) closeMain()
  requestAnimationFrame(() => {
    input.focus()
    input.select()
  })
}

/** Searches the open conversation; everywhere without one. */
export function searchHere(): void {
  const main = mainViewNow()
  if (main.kind === 'conversation') searchConversation(main.id)
  focusSearch()
}

/** Shows or hides what narrows a search. */
export function toggleFilters(): void {
  setPanelOpen(!searchNow().panelOpen)
  focusSearch()
}
