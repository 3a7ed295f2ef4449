/** A sound server for tests: microphones that hum, plugged in and out, and a loudspeaker that is listened to. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const rate = 8_000
/** Samples that a look goes back: short, so that what was heard before counts no more. */
const window = rate / 2
const speaker = 'test_speaker'

/** A private PulseAudio: nothing of the desktop's is seen or touched. */
export class SoundServer {
  readonly #home = mkdtempSync(path.join(tmpdir(), 'sotto-sound-'))
  readonly #children: ChildProcess[] = []
  readonly #plugged = new Map<number, string>()
  #heard: Buffer = Buffer.alloc(0)

  /** What makes a program use this server. */
  get environment(): Record<string, string> {
    return {
      PULSE_SERVER: `unix:${this.#home}/native`,
      PULSE_RUNTIME_PATH: this.#home,
      PULSE_STATE_PATH: this.#home,
      PULSE_CONFIG_PATH: this.#home,
      PULSE_COOKIE: `${this.#home}/cookie`,
    }
  }

  /** Starts with one loudspeaker, and one microphone that hears a tone, Hz. */
  async start(frequency: number): Promise<void> {
    const modules = [
      `module-native-protocol-unix auth-anonymous=1 socket=${this.#home}/native`,
      `module-null-sink sink_name=${speaker} sink_properties=device.description=Loudspeaker`,
    ]
    const load = modules.map((module) => `--load=${module}`)
    this.#run('pulseaudio', ['-n', '--daemonize=no', '--exit-idle-time=-1', '--use-pid-file=no', ...load])
    for (let tries = 0; tries < 100; tries += 1) {
      if (
        await this.#control('info').then(
          () => true,
          () => false,
        )
      )
        break
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await this.plug(frequency)
    // Not before there is a microphone: who records the system's default source is moved when another becomes that.
    this.#listen()
  }

  /** Plugs a microphone in that hears a tone, Hz; the name it goes by. */
  async plug(frequency: number): Promise<string> {
    const module = await this.#control('load-module', 'module-sine-source', `frequency=${frequency}`)
    this.#plugged.set(frequency, module.trim())
    return `Sine source at ${frequency} Hz`
  }

  async unplug(frequency: number): Promise<void> {
    const module = this.#plugged.get(frequency)
    if (module === undefined) throw new Error(`no microphone hears ${frequency} Hz`)
    this.#plugged.delete(frequency)
    await this.#control('unload-module', module)
  }

  /** Share of one tone, Hz, in the power of what the loudspeaker just played: 0 to 1; 0 for silence. */
  share(frequency: number): number {
    const length = this.#heard.length & ~1
    if (length < window * 2) return 0
    const samples = Array.from({ length: window }, (_, n) => this.#heard.readInt16LE(length - 2 * (window - n)))
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0)
    return power / window < 1 ? 0 : (2 * tonePower(samples, frequency)) / (window * power)
  }

  async stop(): Promise<void> {
    const gone = this.#children.map((child) => new Promise((resolve) => child.once('exit', resolve)))
    for (const child of this.#children.toReversed()) child.kill()
    await Promise.all(gone)
    rmSync(this.#home, { recursive: true, force: true })
  }

  #listen(): void {
    const format = ['--format=s16le', '--channels=1', `--rate=${rate}`, '--latency-msec=100', '--raw']
    const recorder = this.#run('parec', [`--device=${speaker}.monitor`, ...format])
    recorder.stdout?.on('data', (chunk: Buffer) => {
      const both = Buffer.concat([this.#heard, chunk])
      // Whole samples stay whole: what goes is an even number of bytes.
      this.#heard = both.subarray(Math.max(0, both.length - 2 * window) & ~1)
    })
  }

  async #control(...args: readonly string[]): Promise<string> {
    const { stdout } = await run('pactl', [...args], { env: { ...process.env, ...this.environment } })
    return stdout
  }

  #run(program: string, args: readonly string[]): ChildProcess {
    const child = spawn(program, [...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, ...this.environment },
    })
    this.#children.push(child)
    return child
  }
}

/** Squared amplitude of one frequency at one place of a Fourier transform. */
function tonePower(samples: readonly number[], frequency: number): number {
  const step = (2 * Math.PI * frequency) / rate
  let [re, im] = [0, 0]
  for (const [n, sample] of samples.entries()) {
    re += sample * Math.cos(step * n)
    im += sample * Math.sin(step * n)
  }
  return re * re + im * im
}
