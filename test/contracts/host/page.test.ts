import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hosts, type RunningApp, startApp } from './host-under-test.ts'

interface Bridge {
  readonly ranAt: string
  preloadSeesPageGlobals(): boolean
  readonly invoke: (channel: string, value?: unknown) => Promise<unknown>
  readonly send: (channel: string, value: unknown) => void
  readonly on: (channel: string, handler: (value: unknown) => void) => () => void
  throws(): void
}
declare global {
  // What the fixture's preload and page leave for us; a `var` is how a global is declared.
  var bridge: Bridge
  var before: { bridge: string; ranAt: string }
  var evaluated: string
}

interface Seen {
  readonly events: string[]
  readonly senders: { url: string; parent: unknown; id: number }[]
  readonly navigations: string[]
  readonly opens: string[]
}

describe.each(hosts)('a page on $name', (host) => {
  let running: RunningApp
  const seen = (): Promise<Seen> => running.app.evaluate(() => (globalThis as unknown as { seen: Seen }).seen)

  beforeAll(async () => {
    running = await startApp(host)
  })
  afterAll(async () => {
    await running.close()
  })

  it('gets the preload API before its first script, from a world of its own', async () => {
    const { page } = running
    expect(await page.evaluate(() => before)).toEqual({ bridge: 'object', ranAt: 'loading' })
    expect(await page.evaluate(() => bridge.preloadSeesPageGlobals())).toBe(false)
    const leaked = await page.evaluate(() =>
      Object.getOwnPropertyNames(window).filter((name) =>
        /^(require|process|module|ipcRenderer|electron|[brh][0-9a-f]{32})$/.test(name),
      ),
    )
    expect(leaked).toEqual([])
  })

  it('cannot change the API', async () => {
    const kept = await running.page.evaluate(() => {
      const { invoke } = bridge
      try {
        Object.assign(bridge, { invoke: null })
      } catch {
        // Frozen: strict assignment throws.
      }
      return [bridge.invoke === invoke, Reflect.defineProperty(window, 'bridge', { value: 1 })]
    })
    expect(kept).toEqual([true, false])
  })

  it('invokes main with every kind of value', async () => {
    const same = await running.page.evaluate(async () => {
      const bytes = crypto.getRandomValues(new Uint8Array(65_536))
      const value = {
        bytes,
        date: new Date(5),
        map: new Map([[1, { deep: [null, undefined] }]]),
        set: new Set(['a']),
        big: 2n ** 80n,
        odd: [Number.NaN, -0, Infinity],
        text: 'Grüße \u{1F600} \u0000',
        $: 'own dollar',
      }
      const back = (await bridge.invoke('echo', value)) as typeof value
      return {
        bytes: back.bytes instanceof Uint8Array && back.bytes.every((byte, index) => byte === bytes[index]),
        date: back.date.getTime(),
        map: back.map.get(1),
        hasUndefined: 1 in (back.map.get(1)?.deep ?? []),
        set: [...back.set],
        big: back.big === value.big,
        odd: back.odd.map((number) => (Object.is(number, -0) ? '-0' : String(number))),
        text: back.text === value.text,
        dollar: back.$,
      }
    })
    expect(same).toEqual({
      bytes: true,
      date: 5,
      map: { deep: [null, undefined] },
      hasUndefined: true,
      set: ['a'],
      big: true,
      odd: ['NaN', '-0', 'Infinity'],
      text: true,
      dollar: 'own dollar',
    })
  })

  it('learns of errors without a stack', async () => {
    const { page } = running
    const message = (channel: string): Promise<string> =>
      page.evaluate((name) => bridge.invoke(name).then(String, (error: unknown) => (error as Error).message), channel)
    expect(await message('fail')).toBe("Error invoking remote method 'fail': RangeError: no such thing")
    expect(await message('nobody')).toContain("No handler registered for 'nobody'")
    expect(
      await page.evaluate(() =>
        Promise.resolve()
          .then(() => bridge.throws())
          .catch((error: unknown) => (error as Error).message),
      ),
    ).toBe('bad argument')
    const unclonable = await page.evaluate(() =>
      bridge.invoke('echo', { deep: () => 1 }).then(
        () => 'sent',
        () => 'refused',
      ),
    )
    expect(unclonable).toBe('refused')
  })

  it('hears main until it unsubscribes', async () => {
    const heard = await running.page.evaluate(async () => {
      const values: unknown[] = []
      const pong = (): Promise<void> =>
        new Promise((resolve) => {
          const off = bridge.on('pong', (value) => {
            values.push(value)
            off()
            resolve()
          })
        })
      const first = pong()
      bridge.send('ping', 1)
      await first
      bridge.send('ping', 5)
      const second = pong()
      await second
      return values
    })
    expect(heard).toEqual([2, 6])
  })

  it('is named to main by its real address and top frame', async () => {
    await running.page.evaluate(() => bridge.invoke('echo', 1))
    const { senders } = await seen()
    expect(senders.at(-1)).toMatchObject({ url: 'sotto://app/index.html', parent: null })
  })

  it('cannot see the bridge by replacing prototypes', async () => {
    const result = await running.page.evaluate(async () => {
      const stolen: string[] = []
      const saved: (() => void)[] = []
      const poison = (owner: object, name: string): void => {
        const original = Reflect.get(owner, name) as (...args: unknown[]) => unknown
        Object.defineProperty(owner, name, {
          configurable: true,
          writable: true,
          value: function (this: unknown, ...args: unknown[]) {
            stolen[stolen.length] = name
            return Reflect.apply(original, this, args)
          },
        })
        saved[saved.length] = () =>
          Object.defineProperty(owner, name, { configurable: true, writable: true, value: original })
      }
      for (const name of ['map', 'push', 'forEach']) poison(Array.prototype, name)
      for (const name of ['addEventListener', 'dispatchEvent']) poison(EventTarget.prototype, name)
      poison(JSON, 'stringify')
      poison(Function.prototype, 'call')
      poison(Promise.prototype, 'then')
      poison(Map.prototype, 'get')
      poison(window, 'CustomEvent')
      const pending = bridge.invoke('echo', { list: [1, 2] })
      const during = stolen.slice()
      for (const restore of saved) restore()
      return { during, value: await pending }
    })
    expect(result).toEqual({ during: [], value: { list: [1, 2] } })
  })

  it('is a secure context under the policy its handler sent', async () => {
    const { page } = running
    expect(await page.evaluate(() => isSecureContext)).toBe(true)
    const blocked = await page.evaluate(() => {
      const inline = document.createElement('script')
      inline.textContent = 'globalThis.inlineRan = true'
      document.head.append(inline)
      return { inline: 'inlineRan' in globalThis, evaluated }
    })
    expect(blocked).toEqual({ inline: false, evaluated: 'EvalError' })
    const fetched = await page.evaluate(() =>
      fetch('https://127.0.0.1/').then(
        () => 'answered',
        (error: unknown) => (error as Error).name,
      ),
    )
    expect(fetched).toBe('TypeError')
  })

  it('cannot navigate away or open a window', async () => {
    const { app, page } = running
    await page.evaluate(async () => {
      location.href = 'https://example.org/away'
      await new Promise((resolve) => setTimeout(resolve, 300))
    })
    await page.evaluate(async () => {
      window.open('https://example.org/popup')
      const link = Object.assign(document.createElement('a'), { href: 'https://example.org/link', target: '_blank' })
      document.body.append(link)
      link.click()
      await new Promise((resolve) => setTimeout(resolve, 500))
    })
    expect(page.url()).toMatch(/index\.html$/)
    const { navigations, opens } = await seen()
    expect(navigations).toContain('https://example.org/away')
    expect(opens).toContain('https://example.org/popup')
    expect(app.windows()).toHaveLength(1)
  })

  it('is refused geolocation and granted notifications, without a prompt', async () => {
    const { page } = running
    const code = await page.evaluate(
      () =>
        new Promise((resolve) =>
          navigator.geolocation.getCurrentPosition(
            () => resolve(0),
            (error) => resolve(error.code),
          ),
        ),
    )
    expect(code).toBe(1)
    const states = await page.evaluate(async () => {
      const names = ['geolocation', 'notifications', 'camera', 'microphone'] as PermissionName[]
      return Promise.all(names.map(async (name) => (await navigator.permissions.query({ name })).state))
    })
    expect(states).toEqual(['denied', 'granted', 'denied', 'denied'])
  })

  it('answers fetches of a worker', async () => {
    const answer = await running.page.evaluate(
      () =>
        new Promise((resolve) => {
          const worker = new Worker('/worker.js')
          worker.onmessage = ({ data }) => resolve(data)
          worker.onerror = ({ message }) => resolve(message)
          worker.postMessage(5)
        }),
    )
    expect(answer).toMatchObject({ data: 5 })
  })

  it('keeps its bridge over a reload', async () => {
    const { page } = running
    await page.reload()
    await page.waitForSelector('#status')
    expect(await page.evaluate(() => bridge.invoke('echo', 'again'))).toBe('again')
  })

  it('shows itself to main: script, picture, theme, title, bounds', async () => {
    const { app, page } = running
    const shown = await app.evaluate(async ({ BrowserWindow, nativeTheme }) => {
      const [window] = BrowserWindow.getAllWindows()
      if (window === undefined) throw new Error('no window')
      nativeTheme.themeSource = 'dark'
      const picture = await window.webContents.capturePage()
      const { width, height } = window.getBounds()
      window.setTitle('Another title')
      return {
        sum: (await window.webContents.executeJavaScript('1 + 1')) as number,
        empty: picture.isEmpty(),
        width,
        height,
      }
    })
    expect(shown).toEqual({ sum: 2, empty: false, width: 640, height: 480 })
    await page.waitForFunction(() => matchMedia('(prefers-color-scheme: dark)').matches)
    await page.waitForFunction(() => document.title === 'Another title')
  })

  it('copies text for main', async () => {
    await running.app.evaluate(async ({ clipboard }) => {
      await clipboard.writeText('copied text')
    })
    const { page } = running
    const pasted = page.evaluate(
      () =>
        new Promise((resolve) =>
          addEventListener('paste', (event) => resolve(event.clipboardData?.getData('text/plain')), { once: true }),
        ),
    )
    await page.keyboard.press('ControlOrMeta+V')
    expect(await pasted).toBe('copied text')
  })

  it('swallows the keys of a browser but not those of the app', async () => {
    const { app, page } = running
    await page.evaluate(() => {
      const heard: string[] = []
      Object.assign(globalThis, { heard })
      addEventListener('keydown', (event) => heard.push(event.key))
    })
    for (const key of ['F12', 'Control+Shift+I', 'Control+p', 'Control+n', 'Control+t', 'Control+k'])
      await page.keyboard.press(key)
    const heard = await page.evaluate(() => (globalThis as unknown as { heard: string[] }).heard)
    expect(heard.filter((key) => !/^(Control|Shift|Meta)$/.test(key))).toEqual(['p', 'n', 'k'])
    expect(app.windows()).toHaveLength(1)
  })

  it('gets real paths from the open dialog', async () => {
    const { app, page } = running
    const chooser = page.waitForEvent('filechooser')
    // Asking for the event is a message of its own: until it has arrived, a real dialog would open.
    await page.evaluate(() => undefined)
    const answer = app.evaluate(({ BrowserWindow, dialog }) => {
      const [window] = BrowserWindow.getAllWindows()
      if (window === undefined) throw new Error('no window')
      return dialog.showOpenDialog(window, { properties: ['openFile', 'multiSelections'] })
    })
    await (await chooser).setFiles([import.meta.filename])
    expect(await answer).toEqual({ canceled: false, filePaths: [import.meta.filename] })
  })
})
