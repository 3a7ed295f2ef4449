/** linphonec as a phone of the matrix: one codec, one kind of keys, files for ears and mouth. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { startLinphone, type Linphone } from '../linphone.ts'
import { waitUntil } from '../peers.ts'
import { newRing, phoneVoice, type Codec, type KeyMethod, type PhoneOptions, type RealPhone } from './phone.ts'
import { readGrowingWav, readWav, sampleRate, speechOf, writeWav } from './speech.ts'

const encryption: Readonly<Record<KeyMethod, string>> = { zrtp: 'zrtp', sdes: 'srtp', dtls: 'dtls', none: 'none' }

/** Every codec of Debian's package; those not named would come back by themselves. */
const codecs = [
  ...['opus/48000/2', 'PCMU/8000/1', 'PCMA/8000/1', 'G722/8000/1', 'GSM/8000/1'],
  ...['speex/8000/1', 'speex/16000/1', 'speex/32000/1', 'iLBC/8000/1', 'BV16/8000/1'],
]

/** What its camera without a camera shows. */
export const linphoneFace = '/usr/share/mediastreamer2/images/nowebcamCIF.jpg'

const defaultUser = 'carol'

export async function startLinphonePhone(options: PhoneOptions): Promise<RealPhone> {
  const { user = defaultUser, port, domain, codec, transport = 'udp', video = false } = options
  const linphone = await startLinphone(user, domain, port, {
    transport,
    ...(options.authorityPem === undefined ? {} : { authorityPem: options.authorityPem }),
    flags: video ? ['-V'] : [],
    settings: {
      sip: sipSection(options),
      ...codecSections(codec),
      ...(options.ice === true ? iceSections : {}),
      video: videoSection(video),
    },
  })
  const [mouth, ear] = [join(linphone.peer.folder, 'mouth.wav'), join(linphone.peer.folder, 'ear.wav')]
  writeWav(mouth, speechOf(phoneVoice))
  for (const line of ['soundcard use files', `play ${mouth}`, `record ${ear}`]) linphone.command(line)
  return phoneOf(linphone, `sip:${user}@${domain}`, { ear, rate: codec === 'opus' ? 48_000 : sampleRate })
}

function phoneOf(
  linphone: Linphone,
  aor: string,
  { ear, rate }: { readonly ear: string; readonly rate: number },
): RealPhone {
  const { folder } = linphone.peer
  const states = (): readonly string[] =>
    [...linphone.log().matchAll(/to LinphoneCall(\w+)/g)].map(([, name = '']) => name)
  const rings = newRing(() => states().filter((state) => state === 'IncomingReceived').length)
  const then = async (line: string): Promise<void> => {
    await rings()
    linphone.command(line)
  }
  return {
    ...{ aor, rings, folder },
    call: (to) => linphone.command(`call ${to}`),
    answer: () => then('answer'),
    decline: () => then('terminate'),
    hangUp: () => linphone.command('terminate'),
    hold: () => linphone.command('pause'),
    resume: () => linphone.command('resume'),
    isHeld: () => states().at(-1) === 'PausedByRemote',
    press: (digit) => linphone.command(digit),
    pressed: () => [...linphone.peer.output().matchAll(/Receiving tone (\S)/g)].map(([, digit]) => digit).join(''),
    transfer: (to) => linphone.command(`transfer ${to}`),
    recording: async () => {
      const isOver = (): boolean => states().some((state) => state === 'End' || state === 'Released')
      await waitUntil(() => isOver() && readWav(ear) !== null, 'linphonec writes its file')
      return readWav(ear) ?? new Float64Array(0)
    },
    heardSoFar: () => readGrowingWav(ear, rate),
    receives: () => null,
    sas: () => [...linphone.log().matchAll(/\bSAS is (\S+)/g)].at(-1)?.[1] ?? null,
    confirm: (call) => linphone.command(`zrtp-set-verified ${call}`),
    snapshot: async () => {
      const file = join(folder, 'seen.jpg')
      linphone.command(`snapshot ${file}`)
      await waitUntil(() => existsSync(file) && statSync(file).size > 0, 'linphonec takes a picture')
      return readFileSync(file)
    },
    log: () => linphone.log(),
    stop: () => linphone.stop(),
  }
}

function sipSection({ keys, early = false, sessionInterval }: PhoneOptions): Record<string, string | number> {
  const timers = { session_expires_enabled: 1, session_expires_value: sessionInterval ?? 0 }
  return {
    ...{ media_encryption: encryption[keys], media_encryption_mandatory: keys === 'none' ? 0 : 1 },
    incoming_calls_early_media: early ? 1 : 0,
    ...(sessionInterval === undefined ? {} : timers),
  }
}

/** Its candidates are the addresses of the interfaces, whatever its sockets are bound to. */
const iceSections = {
  rtp: { bind_address: '0.0.0.0' },
  net: { nat_policy_ref: 'ice' },
  nat_policy_0: { ref: 'ice', protocols: 'ice' },
}

function codecSections(chosen: Codec): Record<string, Record<string, string | number>> {
  return Object.fromEntries(
    codecs.map((codec, place) => {
      const [mime = '', rate = '', channels = ''] = codec.split('/')
      return [`audio_codec_${place}`, { mime, rate, channels, enabled: mime === chosen ? 1 : 0 }]
    }),
  )
}

/** Its still picture for a camera, and no window. */
function videoSection(enabled: boolean): Record<string, string | number> {
  const on = enabled ? 1 : 0
  return {
    ...{ enabled: on, capture: on, display: on, automatically_initiate: on, automatically_accept: on, show_local: 0 },
    ...{ device: 'StaticImage: Static picture', displaytype: 'MSAnalyseDisplay' },
  }
}
