import type { OwnDevice, PaperInUse } from '#shared/identity/chain-ports.ts'
import type { ChainBranch } from '#shared/identity/chain-branches.ts'
import { fromBase64Url } from '#shared/bytes/base64url.ts'
import { utf8Text, wipe } from '#shared/bytes/bytes.ts'
import { SottoError } from '#shared/errors.ts'
import { encodeLinkBody, encodeSignedLink } from '#shared/model/device-link.ts'
import { signEd25519 } from '#main/keys/key-pairs.ts'
import { linkSignatureInput, type ChainState } from './device-chain.ts'
import { bodyOfChange, pickBody, signBody, type LinkMaking } from './own-device.ts'
import { derivePaperSeeds, paperKeysOf } from './paper-keys.ts'
import { parsePaperWords, type PaperWordsFailure } from './paper-words.ts'

/**
 * The keys of a paper secret out of its typed words (UTF-8), which are the caller's to wipe.
 * @throws SottoError `paper-words-count`, `paper-word-unknown`, `paper-words-wrong`.
 */
export function openPaper(typed: Uint8Array): PaperInUse {
  const secret = parsePaperWords(utf8Text(typed) ?? '')
  if (!secret.ok) throw inWords(secret.error)
  const seeds = derivePaperSeeds(secret.value)
  wipe(secret.value, seeds.databaseWrap)
  return {
    ...{ keys: paperKeysOf(seeds), x25519: seeds.x25519 },
    sign: (message) => signEd25519(seeds.ed25519, message),
    wipe: () => wipe(seeds.ed25519, seeds.x25519),
  }
}

/** The link behind `state` that adds a device on the paper's word. */
export function addByPaper(
  state: ChainState,
  { device, paper }: { readonly device: OwnDevice; readonly paper: Pick<PaperInUse, 'sign'> },
  making: LinkMaking,
): Uint8Array {
  const body = encodeLinkBody(bodyOfChange(state, { kind: 'add', device: device.keys }, making))
  return signBody(body, device, [{ by: 'paper', signature: paper.sign(linkSignatureInput(body)) }])
}

/** The link at the end of a branch of a forked chain that says on the paper's word that it counts. @param at - Milliseconds since 1970. */
export function pickByPaper(branch: ChainBranch, paper: Pick<PaperInUse, 'sign'>, at: number): Uint8Array {
  const branches = branch.path.flatMap((hash) => fromBase64Url(hash) ?? [])
  const body = encodeLinkBody(pickBody(branch.state, branches, at))
  return encodeSignedLink({ body, signatures: [{ by: 'paper', signature: paper.sign(linkSignatureInput(body)) }] })
}

/** Where the fault is, never what was typed. */
function inWords(failure: PaperWordsFailure): SottoError {
  switch (failure.kind) {
    case 'wrong-count':
      return new SottoError('paper-words-count', { count: failure.count })
    case 'unknown-word':
      return new SottoError('paper-word-unknown', { position: failure.position + 1 })
    case 'checksum':
      return new SottoError('paper-words-wrong')
  }
}
