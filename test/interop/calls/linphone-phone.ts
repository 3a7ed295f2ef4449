/** linphonec as a phone of the matrix: one codec, one kind of keys, files for ears and mouth. */
import { join } from 'node:path'
import { startLinphone } from '../linphone.ts'
import { waitUntil } from '../peers.ts'
import { phoneVoice, type Codec, type KeyMethod, type PhoneOptions, type RealPhone } from './phone.ts'
import { readWav, speechOf, writeWav } from './speech.ts'

const encryption: Readonly<Record<KeyMethod, string>> = { zrtp: 'zrtp', sdes: 'srtp', dtls: 'dtls', none: 'none' }

/** Every codec of Debian's package; those not named would come back by themselves. */
const codecs = [
  ...['opus/48000/2', 'PCMU/8000/1', 'PCMA/8000/1', 'G722/8000/1', 'GSM/8000/1'],
  ...['speex/8000/1', 'speex/16000/1', 'speex/32000/1', 'iLBC/8000/1', 'BV16/8000/1'],
]

const user = 'carol'

export async function startLinphonePhone(options: PhoneOptions): Promise<RealPhone> {
  const { port, domain, keys, codec, video = false } = options
  const linphone = await startLinphone(user, domain, port, {
    transport: 'udp',
    flags: video ? ['-C'] : [],
    settings: {
      sip: { media_encryption: encryption[keys], media_encryption_mandatory: keys === 'none' ? 0 : 1 },
      ...codecSections(codec),
      video: videoSection(video),
    },
  })
  const [mouth, ear] = [join(linphone.peer.folder, 'mouth.wav'), join(linphone.peer.folder, 'ear.wav')]
  writeWav(mouth, speechOf(phoneVoice))
  for (const line of ['soundcard use files', `play ${mouth}`, `record ${ear}`]) linphone.command(line)
  return {
    aor: `sip:${user}@${domain}`,
    call: (aor) => linphone.command(`call ${aor}`),
    answer: async () => {
      await waitUntil(() => linphone.log().includes('LinphoneCallIncomingReceived'), 'linphonec rings')
      linphone.command('answer')
    },
    hangUp: () => linphone.command('terminate'),
    recording: async () => {
      await waitUntil(
        () => /LinphoneCallEnd\b|LinphoneCallReleased\b/.test(linphone.log()) && readWav(ear) !== null,
        'linphonec writes its file',
      )
      return readWav(ear) ?? new Float64Array(0)
    },
    sas: () => /\bSAS is (\S+)/.exec(linphone.log())?.[1] ?? null,
    log: () => linphone.log(),
    folder: linphone.peer.folder,
    stop: () => linphone.stop(),
  }
}

function codecSections(chosen: Codec): Record<string, Record<string, string | number>> {
  return Object.fromEntries(
    codecs.map((codec, place) => {
      const [mime = '', rate = '', channels = ''] = codec.split('/')
      return [`audio_codec_${place}`, { mime, rate, channels, enabled: mime === chosen ? 1 : 0 }]
    }),
  )
}

/** Its test picture for a camera, and no window. */
function videoSection(enabled: boolean): Record<string, string | number> {
  const on = enabled ? 1 : 0
  return {
    ...{ enabled: on, capture: on, display: on, automatically_initiate: on, automatically_accept: on, show_local: 0 },
    ...{ device: 'StaticImage: Static picture', displaytype: 'MSVideoDisplayNone' },
  }
}
