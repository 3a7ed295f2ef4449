/** baresip as a phone of the matrix, driven through its control port. */
import { readdirSync, writeFileSync, mkdirSync, existsSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { findProgram, freePorts, makeRunFolder, startPeer, waitUntil } from '../peers.ts'
import { phoneVoice, type Codec, type KeyMethod, type PhoneOptions, type RealPhone } from './phone.ts'
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

const user = 'bob'
/** The end of the file ends the call. */
const repetitions = 30

export async function startBaresipPhone({ port, domain, keys, codec }: PhoneOptions): Promise<RealPhone> {
  if (keys === 'zrtp') throw new Error('baresip has no ZRTP here')
  const folder = makeRunFolder('baresip')
  const heard = join(folder, 'heard')
  mkdirSync(heard)
  writeWav(join(folder, 'mouth.wav'), speechOf(phoneVoice), repetitions)
  const [control = 0, own = 0] = await freePorts(2)
  writeFileSync(join(folder, 'config'), configOf({ folder, heard, control, own }))
  const account = `<sip:${user}@${domain};transport=udp>;auth_user=${user};auth_pass=${user}pw`
  const further = `;outbound="sip:127.0.0.1:${port};transport=udp";regint=120;answermode=manual`
  writeFileSync(join(folder, 'accounts'), `${account}${further}${encryption[keys]};audio_codecs=${codecNames[codec]}\n`)
  writeFileSync(join(folder, 'contacts'), '')
  const peer = startPeer('baresip', ['-v', '-s', '-f', folder], folder, { HOME: folder })
  try {
    await waitUntil(() => peer.output().includes('200 OK'), 'baresip registers')
  } catch (cause) {
    await peer.stop()
    throw new Error(peer.output().slice(-2_000), { cause })
  }
  const socket = await controlAt(control)
  const command = (name: string, params = ''): void => {
    const text = JSON.stringify({ command: name, params, token: name })
    socket.write(`${Buffer.byteLength(text)}:${text},`)
  }
  return {
    aor: `sip:${user}@${domain}`,
    call: (aor) => command('dial', aor),
    answer: async () => {
      await waitUntil(() => peer.output().includes('Incoming call from'), 'baresip rings')
      command('accept')
    },
    hangUp: () => command('hangup'),
    recording: async () => {
      const read = (): Sound | null => {
        const file = readdirSync(heard).find((name) => name.endsWith('dec.wav'))
        return file === undefined ? null : readWav(join(heard, file))
      }
      await waitUntil(
        () => /session closed|terminated/i.test(peer.output()) && read() !== null,
        'baresip writes its file',
      )
      return read() ?? new Float64Array(0)
    },
    sas: () => null,
    log: () => peer.output(),
    folder,
    stop: async () => {
      socket.destroy()
      await peer.stop()
    },
  }
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

function configOf(at: {
  readonly folder: string
  readonly heard: string
  readonly control: number
  readonly own: number
}): string {
  const modules = ['stdio', 'g711', 'opus', 'aufile', 'sndfile', 'srtp', 'dtls_srtp']
  const applications = ['menu', 'ctrl_tcp']
  return [
    'poll_method epoll',
    `sip_listen 127.0.0.1:${at.own}`,
    'net_interface 127.0.0.1',
    'call_max_calls 4',
    `audio_source aufile,${join(at.folder, 'mouth.wav')}`,
    ...['audio_player nil,nil', 'audio_alert nil,nil', 'audio_txmode thread'],
    ...['ausrc_srate 8000', 'auplay_srate 8000', 'ausrc_channels 1', 'auplay_channels 1'],
    `snd_path ${at.heard}`,
    ...['rtcp_mux no', 'jitter_buffer_delay 5-10'],
    `module_path ${modulePath()}`,
    ...modules.map((name) => `module ${name}.so`),
    ...['uuid', 'account'].map((name) => `module_tmp ${name}.so`),
    ...applications.map((name) => `module_app ${name}.so`),
    `ctrl_tcp_listen 127.0.0.1:${at.control}`,
    '',
  ].join('\n')
}
