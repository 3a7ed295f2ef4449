/** Media engines in a headless Chromium page: the microphone plays a voice, what comes back is recorded at 8 kHz. */
import { chromium, type Browser, type Page } from '@playwright/test'
import { rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { MediaCommand } from '#shared/model/calls.ts'
import type { Calls } from '#main/calls/calls.ts'
import { makeRunFolder } from '../peers.ts'
import { installEngine, type PageSettings } from './page-script.ts'
import { columns, rows, writeY4m, type Mosaic } from './picture.ts'
import { sampleRate, speechOf, writeWav, type Sound } from './speech.ts'

export const pageVoice = 'page'
export const pageFace = 'page'

/** Runs the commands of a `Calls`. */
export interface PageEngine {
  /** Whose offers and failures these are, from now on. */
  serve(calls: Pick<Calls, 'mediaOffer' | 'mediaFailed'>): void
  command(command: MediaCommand): void
  /** What was heard since a call began while there was no other. */
  recording(): Promise<Sound>
  /** Pictures of the other side decoded so far. */
  framesDecoded(): Promise<number>
  /** Mean colours of the picture of the other side. */
  seen(): Promise<Mosaic>
  /** Mean colours of a picture file (PNG, JPEG). */
  coloursOf(file: Uint8Array): Promise<Mosaic>
  stop(): Promise<void>
}

/** Opens Chromium with one page. */
export async function startPageEngine(): Promise<PageEngine> {
  const folder = makeRunFolder('page')
  const voice = join(folder, 'voice.wav')
  writeWav(voice, speechOf(pageVoice))
  const face = join(folder, 'face.y4m')
  writeY4m(face, pageFace)
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><title>engine</title><video id="eye" autoplay muted></video>')
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const browser = await launch(voice, face)
  const page = await browser.newPage()
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  await page.evaluate(installEngine, { rate: sampleRate, columns, rows } satisfies PageSettings)
  return engineOf({ page, browser, server, folder })
}

function launch(voice: string, face: string): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.SOTTO_CHROMIUM ?? '/usr/bin/chromium',
    args: [
      ...['--no-sandbox', '--disable-background-networking', '--disable-component-update'],
      ...['--disable-sync', '--no-first-run'],
      ...['--autoplay-policy=no-user-gesture-required', '--allow-loopback-in-peer-connection'],
      ...['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
      `--use-file-for-fake-audio-capture=${voice}`,
      `--use-file-for-fake-video-capture=${face}`,
    ],
  })
}

interface Parts {
  readonly page: Page
  readonly browser: Browser
  readonly server: Server
  readonly folder: string
}

function engineOf({ page, browser, server, folder }: Parts): PageEngine {
  let calls: Pick<Calls, 'mediaOffer' | 'mediaFailed'> | null = null
  let turn: Promise<void> = Promise.resolve()
  const run = async (command: MediaCommand): Promise<void> => {
    const sdp = await page.evaluate((given) => window.engine.command(given), command)
    if (sdp !== null) calls?.mediaOffer({ legId: command.legId, sdp })
  }
  return {
    serve: (served) => (calls = served),
    command: (command) => {
      turn = turn
        .then(() => run(command))
        .catch((error: unknown) => {
          console.error('page engine:', error)
          calls?.mediaFailed({ legId: command.legId, reason: 'engine' })
        })
    },
    recording: async () => {
      const bytes = Buffer.from(await page.evaluate(() => window.engine.recording()), 'base64')
      return Float64Array.from({ length: bytes.length / 2 }, (_, n) => bytes.readInt16LE(2 * n) / 32_768)
    },
    framesDecoded: () => page.evaluate(() => window.engine.framesDecoded()),
    seen: () => page.evaluate(() => window.engine.seen()),
    coloursOf: (file) => {
      const url = `data:application/octet-stream;base64,${Buffer.from(file).toString('base64')}`
      return page.evaluate((given) => window.engine.coloursOf(given), url)
    },
    stop: async () => {
      await browser.close()
      server.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
