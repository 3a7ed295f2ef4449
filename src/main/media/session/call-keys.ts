/** The keys of a branch: each section's own, the gate they open, and the one statement about all of them. */
import type { CallWarning } from '#shared/model/calls.ts'
import { copyOf, wipe } from '#shared/bytes/bytes.ts'
import type { RtpMedia } from '#protocol/sdp/rtp-media.ts'
import type { Keying, KeyRules } from '../description/keying.ts'
import type { BranchEvent, MediaKeys, ZrtpPeerSecrets } from '../media-port.ts'
import { gateOf, type Gate } from '../network/gate.ts'
import type { OwnKeys } from './own-keys.ts'
import { masterKeyOf, type Section } from './section.ts'
import { wipeKeying } from './their-keys.ts'
import type { SectionPath } from '../network/section-path.ts'
import type { PacketGuard } from '../network/packet-guard.ts'
import type { KeyAgreementName } from '#protocol/zrtp/algorithms.ts'
import type { Sas } from '#protocol/zrtp/sas.ts'
import type { HashChain } from '#protocol/zrtp/implicit.ts'
import type { Secured } from '#protocol/zrtp/events.ts'
import type { ZrtpCall, ZrtpChannel } from './zrtp-channel.ts'

export interface CallKeysOptions {
  readonly rules: KeyRules
  readonly zrtp: ZrtpCall
  readonly ownKeys: OwnKeys
  readonly raise: (event: BranchEvent) => void
  readonly sections: () => readonly Section[]
}

/** Weakest first: a call is what its weakest stream is. */
const strength: readonly MediaKeys['method'][] = ['none', 'sdes', 'dtls', 'zrtp']

export class CallKeys {
  readonly #options: CallKeysOptions
  /** The first counts for the call. */
  readonly #agreements: Secured[] = []
  #primary: ZrtpChannel | null = null
  #announcedClear = false
  #hasEnded = false
  #isClosed = false
  #said = ''

  constructor(options: CallKeysOptions) {
    this.#options = options
  }

  /** The ZRTP of a new section; it begins with {@link start}. */
  channelFor(
    kind: 'audio' | 'video',
    { ssrc, chain }: { readonly ssrc: number; readonly chain: HashChain },
    { path, guard }: { path: SectionPath; guard: PacketGuard },
  ): ZrtpChannel {
    const section = (): Section | undefined => this.#options.sections().find((candidate) => candidate.kind === kind)
    const channel = this.#options.zrtp.channel(ssrc, chain, {
      send: (packet) => path.send(1, packet),
      onPeer: (peerZid) => this.#options.raise({ kind: 'zrtp-peer', peerZid }),
      onSendKey: (key) => guard.protectWith(key),
      onReceiveKey: (key) => {
        guard.acceptOnly(key)
        path.listenAnew()
      },
      onSecure: (agreement) => this.#secured(section(), agreement),
      onAbsent: () => this.#changed(section(), 'absent'),
      onFailed: (why) => this.#failed(section(), why),
    })
    this.#primary ??= channel
    return channel
  }

  /** Takes the keys of a negotiated section into use and begins its ZRTP. A repeated negotiation changes nothing. */
  start(section: Section, keying: Keying, remote: RtpMedia): void {
    if (this.#isClosed) return
    const before = section.keying
    section.keying = keying
    if (keying.kind === 'sdes' && section.zrtpState !== 'secure') this.#useDescriptions(section, keying, before)
    if (keying.zrtp && section.zrtp !== null && section.zrtpState === 'off') {
      section.zrtpState = 'running'
      section.zrtp.start(remote.zrtpHash)
    }
    if (before !== keying) wipeKeying(before)
    this.refresh()
  }

  #useDescriptions(section: Section, keying: Extract<Keying, { kind: 'sdes' }>, before: Keying | null): void {
    const { guard } = section.stream
    guard.watchKeys((use) => (use === 'used-up' ? this.#end('keys-used-up') : this.#nearsEnd(section)))
    // Each key on its own: the one that stays must go on counting, or its keystream would be used again.
    if (section.sdes !== null) guard.protectBy(section.sdes.sender)
    section.protecting = section.sdes
    if (isNew(before, keying)) guard.acceptOnly(masterKeyOf(keying.description))
  }

  /** Offers again with another key of ours: the other side is to answer with another of its own (RFC 4568 §7.1.4). */
  #nearsEnd(section: Section): void {
    if (this.#hasEnded || section.sdes === null) return
    this.renew(section)
    this.#options.raise({ kind: 'rekey-needed' })
  }

  /** The next description has another key of ours; the one in use goes on until it is agreed on. */
  renew(section: Section): void {
    if (section.sdes !== null) section.sdes = this.#options.ownKeys.fresh(section.sdes.description)
  }

  provide(secrets: ZrtpPeerSecrets | null): void {
    this.#primary?.provide(secrets)
  }

  /** Looks at every section again: gates, and what there is to say. */
  refresh(): void {
    const gates = this.#running().map((section) => this.#gate(section))
    const end = gates.find((gate) => gate.end !== null)?.end
    if (end !== null && end !== undefined) this.#end(end)
    if (gates.some((gate) => gate.announceClear)) this.#announcedClear = true
    this.#say()
  }

  #running(): readonly Section[] {
    return this.#options.sections().filter(({ isOn, keying }) => isOn && keying !== null)
  }

  #gate(section: Section): Gate {
    const gate = gateOf(this.#options.rules, section.keying?.kind ?? 'clear', section.zrtpState)
    section.stream.obey(gate)
    return gate
  }

  #secured(section: Section | undefined, agreement: Secured): void {
    if (this.#isClosed) {
      wipeSecured(agreement)
      return
    }
    this.#agreements.push(agreement)
    if (agreement.retained?.when === 'now') this.#retain(agreement)
    this.#changed(section, 'secure')
  }

  /** The user compared the SAS: what a mismatch held back may be kept now (RFC 6189 §4.6.1.1). */
  compared(): void {
    const [agreement] = this.#agreements
    if (agreement?.retained?.when === 'after-sas-comparison') this.#retain(agreement)
  }

  #retain({ peerZid, retained, cache }: Secured): void {
    if (retained === null || this.#isClosed) return
    const { rs2, sasVerified: verified } = retained
    const rs1 = copyOf(retained.rs1)
    this.#options.raise({
      kind: 'zrtp-retain',
      peerZid,
      rs1,
      rs2: rs2 && copyOf(rs2),
      verified,
      isKnown: cache === 'match',
    })
  }

  /** Overwrites what is kept of keys; what comes after it has no effect. */
  close(): void {
    this.#isClosed = true
    for (const { keying } of this.#options.sections()) wipeKeying(keying)
    for (const agreement of this.#agreements) wipeSecured(agreement)
  }

  #failed(section: Section | undefined, why: 'attack' | 'other'): void {
    if (why === 'attack') this.#end('attack-noticed')
    this.#changed(section, 'failed')
  }

  #changed(section: Section | undefined, state: Section['zrtpState']): void {
    if (section === undefined) return
    section.zrtpState = state
    this.refresh()
  }

  #end(why: 'refuses-encryption' | 'keys-failed' | 'keys-used-up' | 'attack-noticed'): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    for (const section of this.#options.sections())
      section.stream.obey({ mayLeave: false, mayPlay: false, end: null, announceClear: false })
    this.#options.raise({ kind: 'lost', why })
  }

  /** One statement, said again only when it changed. */
  #say(): void {
    const running = this.#running()
    if (this.#hasEnded || running.length === 0 || running.some((section) => this.#isPending(section))) return
    const methods = running.map(methodOf)
    const method = strength.find((candidate) => methods.includes(candidate)) ?? 'none'
    const [agreement] = this.#agreements
    const keys = method === 'zrtp' && agreement !== undefined ? this.#zrtpKeys(agreement) : plainKeys(method, running)
    const withWarning = this.#announcedClear && method === 'none' ? { ...keys, warnings: [clear] } : keys
    const text = JSON.stringify(withWarning)
    if (text === this.#said) return
    this.#said = text
    this.#options.raise({ kind: 'keys', keys: withWarning })
  }

  /** Keys may still come, and nothing leaves before they do. */
  #isPending(section: Section): boolean {
    const { keying, zrtpState } = section
    return keying?.kind === 'clear' && zrtpState === 'running' && !this.#gate(section).mayLeave
  }

  #zrtpKeys(agreement: Secured): MediaKeys {
    const { profile, algorithms, sas, previouslyVerified, peerZid, peerClientId, cache, peerDisclosure } = agreement
    const warnings: CallWarning[] = []
    if (cache === 'mismatch') warnings.push('secrets-differ')
    if (peerDisclosure) warnings.push('peer-discloses')
    return {
      method: 'zrtp',
      cipher: profile,
      keyAgreement: keyAgreementNames[algorithms.keyAgreement],
      hash: algorithms.hash === 'S256' ? 'SHA-256' : 'SHA-384',
      sas: sas === null ? null : sasView(sas),
      remembered: previouslyVerified,
      peerZid,
      peerClient: peerClientId.trim(),
      warnings,
    }
  }
}

const keyAgreementNames: Readonly<Record<KeyAgreementName, string>> = {
  X255: 'X25519',
  EC25: 'ECDH P-256',
  EC38: 'ECDH P-384',
  DH3k: 'DH 3072',
  DH2k: 'DH 2048',
  Mult: 'multistream',
}

function sasView(sas: Sas): MediaKeys['sas'] {
  return sas.negotiated === 'B256'
    ? { kind: 'words', text: sas.words.join(' ') }
    : { kind: 'letters', text: sas.base32 }
}

function wipeSecured({ retained, sas }: Secured): void {
  if (sas !== null) wipe(sas.hash)
  if (retained !== null) wipe(retained.rs1, ...(retained.rs2 === null ? [] : [retained.rs2]))
}

const clear: CallWarning = 'fell-to-clear'

function isNew(before: Keying | null, now: Extract<Keying, { kind: 'sdes' }>): boolean {
  return before?.kind !== 'sdes' || Buffer.compare(before.description.key, now.description.key) !== 0
}

function methodOf({ keying, zrtpState }: Section): MediaKeys['method'] {
  if (keying?.kind === 'dtls') return 'dtls'
  if (zrtpState === 'secure') return 'zrtp'
  return keying === null || keying.kind === 'clear' ? 'none' : keying.kind
}

function plainKeys(method: MediaKeys['method'], running: readonly Section[]): MediaKeys {
  const keying = running[0]?.keying
  const cipher = method === 'sdes' && keying?.kind === 'sdes' ? keying.description.suite : ''
  return {
    ...{ method, cipher, keyAgreement: '', hash: '', sas: null },
    ...{ remembered: false, peerZid: null, peerClient: '', warnings: [] },
  }
}
