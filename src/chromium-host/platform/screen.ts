import { EventEmitter } from 'node:events'
import { engine } from '../engine.ts'
import type { Rectangle } from '../window/browser-window.ts'
import type { PageSession } from '../window/page-session.ts'
import { windowRegistry } from '../window/window-registry.ts'

export interface HostDisplay {
  readonly id: number
  readonly bounds: Rectangle
  readonly workArea: Rectangle
  readonly workAreaSize: { readonly width: number; readonly height: number }
  readonly size: { readonly width: number; readonly height: number }
  readonly scaleFactor: number
}

const query = `JSON.stringify([screen.width,screen.height,screen.availLeft,screen.availTop,screen.availWidth,screen.availHeight,devicePixelRatio])`

function displayOf(numbers: readonly number[]): HostDisplay {
  const [width = 0, height = 0, x = 0, y = 0, workWidth = width, workHeight = height, scaleFactor = 1] = numbers
  return {
    id: 1,
    bounds: { x: 0, y: 0, width, height },
    workArea: { x, y, width: workWidth, height: workHeight },
    workAreaSize: { width: workWidth, height: workHeight },
    size: { width, height },
    scaleFactor,
  }
}

/** `electron.screen`: the display of a window, known once one is open; before that there is none to tell about. */
class HostScreen extends EventEmitter {
  #known: HostDisplay | null = null

  /** Host only: asks the page which display it is on. */
  async learnFrom(page: PageSession): Promise<void> {
    const { result } = await page.send('Runtime.evaluate', { expression: query, returnByValue: true })
    if (typeof result.value === 'string') this.#known = displayOf(JSON.parse(result.value) as number[])
  }

  getAllDisplays(): HostDisplay[] {
    return this.#known === null ? [] : [this.#known]
  }

  /** Before the first window: an empty display, so that no saved place is judged by it. */
  getPrimaryDisplay(): HostDisplay {
    return this.#known ?? displayOf([])
  }

  getDisplayMatching(): HostDisplay {
    return this.getPrimaryDisplay()
  }
}

export const screen = new HostScreen()

engine.onStart(() => {
  for (const window of windowRegistry.all())
    window.whenPage((page) => {
      screen.learnFrom(page).catch(() => undefined)
    })
  return Promise.resolve()
})
