/** Media engines in a headless Chromium page: the microphone plays a voice, what comes back is recorded at 8 kHz. */
import { chromium, type Browser, type Page } from '@playwright/test'
import { rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { MediaCommand } from '#shared/model/calls.ts'
import type { Calls } from '#main/calls/calls.ts'
import { makeRunFolder } from '../peers.ts'
import { sampleRate, speechOf, writeWav, type Sound } from './speech.ts'

export const pageVoice = 'page'

/** Runs the commands of a `Calls`. */
export interface PageEngine {
  /** Whose offers and failures these are, from now on. */
  serve(calls: Pick<Calls, 'mediaOffer' | 'mediaFailed'>): void
  command(command: MediaCommand): void
  /** What was heard since the last `open`. */
  recording(): Promise<Sound>
  /** Pictures of the other side decoded so far. */
  framesDecoded(): Promise<number>
  stop(): Promise<void>
}

/** Opens Chromium with one page; one call at a time. */
export async function startPageEngine(): Promise<PageEngine> {
  const folder = makeRunFolder('page')
  const voice = join(folder, 'voice.wav')
  writeWav(voice, speechOf(pageVoice))
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><title>engine</title><audio id="out" autoplay></audio>')
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const browser = await launch(voice)
  const page = await browser.newPage()
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  await page.evaluate(installEngine, sampleRate)
  return engineOf({ page, browser, server, folder })
}

function launch(voice: string): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.SOTTO_CHROMIUM ?? '/usr/bin/chromium',
    args: [
      ...['--no-sandbox', '--disable-background-networking', '--disable-component-update'],
      ...['--disable-sync', '--no-first-run'],
      ...['--autoplay-policy=no-user-gesture-required', '--allow-loopback-in-peer-connection'],
      ...['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
      `--use-file-for-fake-audio-capture=${voice}`,
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
    stop: async () => {
      await browser.close()
      server.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface EngineInPage {
  /** The offer, where the command asks for one. */
  command(command: MediaCommand): Promise<string | null>
  /** Samples as 16-bit little-endian, base64. */
  recording(): string
  framesDecoded(): Promise<number>
}

declare global {
  interface Window {
    engine: EngineInPage
  }
}

/** Runs in the page, so it sees nothing of this file. */
function installEngine(rate: number): void {
  let connection: RTCPeerConnection | null = null
  let context: AudioContext | null = null
  let pieces: Int16Array[] = []

  const record = (stream: MediaStream): void => {
    const audio = document.getElementById('out') as HTMLAudioElement
    // Chromium decodes only what something plays.
    audio.srcObject = stream
    context = new AudioContext({ sampleRate: rate })
    // An AudioWorklet would need a file of its own; in a test the old node will do.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    const tap = context.createScriptProcessor(1024, 1, 1)
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    tap.onaudioprocess = ({ inputBuffer }) => {
      pieces.push(Int16Array.from(inputBuffer.getChannelData(0), (x) => Math.max(-1, Math.min(1, x)) * 32_767))
    }
    context.createMediaStreamSource(stream).connect(tap)
    tap.connect(context.destination)
  }

  const close = (): void => {
    connection?.close()
    void context?.close()
    connection = context = null
  }

  const offer = async (made: RTCPeerConnection): Promise<string> => {
    await made.setLocalDescription()
    return made.localDescription?.sdp ?? ''
  }

  const open = (video: boolean): Promise<string> => {
    close()
    pieces = []
    const made = new RTCPeerConnection({ bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require' })
    connection = made
    made.addTransceiver('audio')
    if (video) made.addTransceiver('video')
    made.ontrack = ({ track }) => {
      if (track.kind === 'audio') record(new MediaStream([track]))
    }
    return offer(made)
  }

  const capture = async (microphone: boolean, camera: boolean): Promise<void> => {
    const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false }
    const stream = await navigator.mediaDevices.getUserMedia({ audio: microphone && plain, video: camera })
    for (const transceiver of connection?.getTransceivers() ?? []) {
      const track = stream.getTracks().find(({ kind }) => kind === transceiver.receiver.track.kind)
      if (track !== undefined) await transceiver.sender.replaceTrack(track)
    }
  }

  window.engine = {
    command: async (command) => {
      if (command.kind === 'open') return open(command.video)
      if (command.kind === 'renegotiate' && connection !== null) return offer(connection)
      if (command.kind === 'answer') await connection?.setRemoteDescription({ type: 'answer', sdp: command.sdp })
      if (command.kind === 'capture' && (command.microphone || command.camera))
        await capture(command.microphone, command.camera)
      if (command.kind === 'close') close()
      return null
    },
    recording: () => {
      const bytes = pieces.flatMap((piece) => [...new Uint8Array(piece.buffer)])
      let text = ''
      for (const byte of bytes) text += String.fromCharCode(byte)
      return btoa(text)
    },
    framesDecoded: async () => {
      let frames = 0
      const stats = (await connection?.getStats()) ?? new Map<string, unknown>()
      for (const one of stats.values()) frames += (one as { framesDecoded?: number }).framesDecoded ?? 0
      return frames
    },
  }
}
