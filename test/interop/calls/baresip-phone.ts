/** baresip as a phone of the matrix, driven through its control port. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { findProgram, freePorts, makeRunFolder, startPeer, waitUntil, type RunningPeer } from '../peers.ts'
import { newRing, phoneVoice, type Codec, type KeyMethod, type PhoneOptions, type RealPhone } from './phone.ts'
import { rows, type Mosaic } from './picture.ts'
import { readWav, speechOf, writeWav, type Sound } from './speech.ts'

export const baresipPrograms = ['baresip'] as const

const encryption: Readonly<Record<Exclude<KeyMethod, 'zrtp'>, string>> = {
  sdes: ';mediaenc=srtp-mand',
  dtls: ';mediaenc=dtls_srtp',
  none: '',
}

const codecNames: Readonly<Record<Codec, string>> = {
  opus: 'opus/48000/2',
  PCMU: 'pcmu/8000/1',
  PCMA: 'pcma/8000/1',
}

/** What its camera without a camera shows: red, green and blue, a third each, as the mean of four columns. */
export const baresipFace: Mosaic = Array.from({ length: rows }, () => [
  ...[255, 0, 0],
  ...[85, 170, 0],
  ...[0, 170, 85],
  ...[0, 0, 255],
]).flat()

const defaultUser = 'bob'
/** The end of the file ends the call. */
const repetitions = 30

export async function startBaresipPhone(options: PhoneOptions): Promise<RealPhone> {
  const folder = makeRunFolder('baresip')
  const heard = join(folder, 'heard')
  mkdirSync(heard)
  writeWav(join(folder, 'mouth.wav'), speechOf(phoneVoice), repetitions)
  const [control = 0, own = 0] = await freePorts(2)
  writeFileSync(join(folder, 'config'), configOf({ folder, heard, control, own, ...options }))
  writeFileSync(join(folder, 'accounts'), `${accountLine(options)}\n`)
  writeFileSync(join(folder, 'contacts'), '')
  const peer = startPeer('baresip', ['-v', '-s', '-f', folder], folder, { HOME: folder })
  await waitUntil(() => peer.output().includes('200 OK'), 'baresip registers')
  const facts = { aor: `sip:${options.user ?? defaultUser}@${options.domain}`, early: options.early ?? false }
  return phoneOf(peer, await controlAt(control), facts)
}

function accountLine({ port, domain, keys, codec, ...options }: PhoneOptions): string {
  if (keys === 'zrtp') throw new Error('baresip has no ZRTP here')
  const { transport = 'udp', ice = false, early = false, video = false } = options
  const { user = defaultUser, password = `${user}pw` } = options
  const codecs = `;audio_codecs=${codecNames[codec]}${video ? ';video_codecs=vp8' : ''}`
  const answer = `;answermode=${early ? 'early' : 'manual'}`
  return [
    `<sip:${user}@${domain};transport=${transport}>;auth_user=${user};auth_pass=${password}`,
    `;outbound="sip:127.0.0.1:${port};transport=${transport}";regint=120`,
    `${answer}${encryption[keys]}${codecs}${ice ? ';medianat=ice' : ''}`,
  ].join('')
}

function phoneOf(
  peer: RunningPeer,
  socket: Socket,
  { aor, early }: { readonly aor: string; readonly early: boolean },
): RealPhone {
  const { folder } = peer
  const output = (): string => peer.output()
  const heard = join(folder, 'heard')
  const command = (name: string, params = ''): void => {
    const text = JSON.stringify({ command: name, params, token: name })
    socket.write(`${Buffer.byteLength(text)}:${text},`)
  }
  // It says "Incoming call" only where nothing answers by itself, not even early; the other line comes with what it refuses, too.
  const ringing = early ? 'ua: sipsess connect via' : 'Incoming call from'
  const rings = newRing(() => output().split(ringing).length - 1)
  const then = async (name: string): Promise<void> => {
    await rings()
    command(name)
  }
  return {
    ...{ aor, rings, folder },
    call: (to) => command('dial', to),
    answer: () => then('accept'),
    decline: () => then('hangup'),
    hangUp: () => command('hangup'),
    hold: () => command('hold'),
    resume: () => command('resume'),
    isHeld: () => ['recvonly', 'inactive'].includes(lastDirection(output())),
    press: (digit) => command('sndcode', digit),
    pressed: () => [...output().matchAll(/received event: '(.)' \(end=1\)/g)].map(([, digit]) => digit).join(''),
    transfer: (to) => command('transfer', to),
    recording: () => recordingIn(heard, () => /session closed|terminated/i.test(output())),
    heardSoFar: () => recordedIn(heard) ?? new Float64Array(0),
    receives: () => Number([...output().matchAll(/audio=\d+\/(\d+) \(bit\/s\)/g)].at(-1)?.[1] ?? 0),
    sas: () => null,
    confirm: () => undefined,
    snapshot: async () => {
      const file = join(folder, 'seen.png')
      command('snapshot_recv', file)
      const isWhole = (): boolean => existsSync(file) && readFileSync(file).includes('IEND')
      await waitUntil(isWhole, 'baresip takes a picture')
      return readFileSync(file)
    },
    log: output,
    stop: async () => {
      socket.destroy()
      await peer.stop()
    },
  }
}

/** Of the last description, which is its own where it answered. */
function lastDirection(output: string): string {
  return [...output.matchAll(/^a=(sendrecv|sendonly|recvonly|inactive)/gm)].at(-1)?.[1] ?? ''
}

async function recordingIn(folder: string, isOver: () => boolean): Promise<Sound> {
  await waitUntil(() => isOver() && recordedIn(folder) !== null, 'baresip writes its file')
  return recordedIn(folder) ?? new Float64Array(0)
}

function recordedIn(folder: string): Sound | null {
  const file = readdirSync(folder).find((name) => name.endsWith('dec.wav'))
  return file === undefined ? null : readWav(join(folder, file))
}

async function controlAt(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  // Its events are not wanted, but must be read.
  socket.resume()
  return socket
}

/** Folder of its modules; the distribution decides. */
function modulePath(): string {
  const program = findProgram('baresip') ?? ''
  const candidates = [
    '/usr/lib/baresip/modules',
    '/usr/lib/x86_64-linux-gnu/baresip/modules',
    `${program}/../../lib/baresip/modules`,
  ]
  return candidates.find((path) => existsSync(path)) ?? ''
}

interface Places {
  readonly folder: string
  readonly heard: string
  readonly control: number
  readonly own: number
}

function configOf({ folder, heard, control, own, video = false }: Places & PhoneOptions): string {
  const pictures = video ? ['vp8', 'fakevideo', 'snapshot'] : []
  const modules = ['stdio', 'g711', 'opus', 'aufile', 'sndfile', 'srtp', 'dtls_srtp', 'ice', ...pictures]
  const applications = ['menu', 'ctrl_tcp']
  return [
    'poll_method epoll',
    `sip_listen 127.0.0.1:${own}`,
    'net_interface 127.0.0.1',
    'call_max_calls 4',
    `audio_source aufile,${join(folder, 'mouth.wav')}`,
    ...['audio_player nil,nil', 'audio_alert nil,nil', 'audio_txmode thread'],
    ...['ausrc_srate 8000', 'auplay_srate 8000', 'ausrc_channels 1', 'auplay_channels 1'],
    ...(video ? ['video_source fakevideo,dummy', 'video_display fakevideo,dummy', 'video_size 320x240'] : []),
    `snd_path ${heard}`,
    ...['rtcp_mux no', 'jitter_buffer_delay 5-10'],
    `module_path ${modulePath()}`,
    ...modules.map((name) => `module ${name}.so`),
    ...['uuid', 'account'].map((name) => `module_tmp ${name}.so`),
    ...applications.map((name) => `module_app ${name}.so`),
    `ctrl_tcp_listen 127.0.0.1:${control}`,
    '',
  ].join('\n')
}
