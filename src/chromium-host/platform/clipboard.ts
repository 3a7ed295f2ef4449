import type { PageSession } from '../window/page-session.ts'
import { windowRegistry } from '../window/window-registry.ts'

/** Copies without the clipboard permission of the page: the event is answered in the preload's world. */
function copyExpression(text: string): string {
  return `new Promise((resolve,reject)=>{addEventListener('copy',(event)=>{event.clipboardData.setData('text/plain',${JSON.stringify(text)});
event.preventDefault();event.stopImmediatePropagation();resolve()},{once:true,capture:true});
if(!document.execCommand('copy'))reject(new Error('copying was refused'))})`
}

/** @throws Error if no window is open: the clipboard is Chromium's. */
async function openPage(): Promise<PageSession> {
  const [window] = windowRegistry.all()
  if (window === undefined) throw new Error('The clipboard needs an open window on this host.')
  return window.attached
}

/** `electron.clipboard` through an open window. */
export const clipboard = {
  async writeText(text: string): Promise<void> {
    const page = await openPage()
    await page.evaluateIsolated(copyExpression(text), true)
  },
  /** @throws Error always: the page is not allowed to read the clipboard, a paste is the person's to make. */
  readText(): Promise<string> {
    return Promise.reject(new Error('clipboard.readText is not available on this host: let the person paste.'))
  },
}
