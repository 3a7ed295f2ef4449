/** Chains of devices as pictures: what tests of the device chain and of its readers draw. */
import { linkHash } from '#main/identity/device-chain.ts'
import { sealName, sealNamesKey } from '#main/keys/device-names.ts'
import { deviceKeysOf, deviceSigner, newDeviceSeeds, signLink, type LinkSigner } from '#main/identity/link-author.ts'
import { derivePaperSeeds, paperKeysOf } from '#main/identity/paper-keys.ts'
import { decodeSignedLink, type LinkBody, type LinkDevice } from '#shared/model/device-link.ts'
import { deviceIdText } from '#shared/identity/device-chain.ts'
import type { Aor } from '#shared/model/ids.ts'
import { SeededRandom } from './seeded-random.ts'

export const account = 'sip:alice@example.org' as Aor
const paper = derivePaperSeeds(new Uint8Array(16).fill(7))
const seedsOf = (name: string) => newDeviceSeeds(new SeededRandom(`device ${name}`))
export const keysOf = (name: string) => deviceKeysOf(seedsOf(name), name)
/** Opens the names of devices in drawn chains. */
export const namesKey = new Uint8Array(32).fill(11)
const sealed = (device: string, name: string) =>
  sealName(namesKey, keysOf(device).id, name, new SeededRandom(`name ${device} ${name}`))
/** A device as it stands in a link. */
export const linkDevice = (name: string): LinkDevice => ({ ...keysOf(name), name: sealed(name, name) })
export const idOf = (name: string) => deviceIdText(keysOf(name).id)
export const signerOf = (name: string): LinkSigner =>
  name === 'paper' ? { by: 'paper', seed: paper.ed25519 } : deviceSigner(seedsOf(name))

/**
 * Draws a chain, one link a line: `name: parent signer verb target`. Verbs: adds, revokes, renames, epoch (target = its
 * number), picks (target = first links of branches, with commas). The first line is `name: device`, link 0.
 */
export function draw(picture: string, of: Aor = account): Map<string, Uint8Array> {
  const links = new Map<string, Uint8Array>()
  for (const line of picture.trim().split('\n')) {
    const [name = '', ...words] = line.trim().split(/:?\s+/)
    links.set(name, words.length === 1 ? genesis(words[0]!, of) : drawLink(links, words))
  }
  return links
}

const namesBox = sealNamesKey(namesKey, paperKeysOf(paper).x25519, account, new SeededRandom('names box'))

export function genesis(device: string, of: Aor = account): Uint8Array {
  return signLink(
    {
      ...{ version: 1, kind: 'genesis', previous: null, at: 0, account: of },
      ...{ device: linkDevice(device), paper: paperKeysOf(paper), names: namesBox },
    },
    [signerOf(device), signerOf('paper')],
  )
}

type Links = ReadonlyMap<string, Uint8Array>

function drawLink(links: Links, [parent = '', signer = '', verb = '', target = '']: readonly string[]): Uint8Array {
  const head = { version: 1 as const, previous: bytesOfHash(links.get(parent)), at: 1 }
  const bodies: Record<string, () => LinkBody> = {
    adds: () => ({ ...head, kind: 'add', device: linkDevice(target) }),
    revokes: () => ({ ...head, kind: 'revoke', target: keysOf(target).id }),
    renames: () => ({ ...head, kind: 'rename', target: keysOf(target).id, name: sealed(target, `${target} again`) }),
    picks: () => ({ ...head, kind: 'pick', branches: target.split(',').map((one) => bytesOfHash(links.get(one))) }),
    epoch: () => ({ ...head, kind: 'epoch', epoch: Number(target), commitment: new Uint8Array(32) }),
  }
  const signers = verb === 'adds' ? [signer, target] : [signer]
  return signLink(bodies[verb]!(), signers.map(signerOf))
}

export const bodyOf = (link: Uint8Array): Uint8Array => decodeSignedLink(link).body
export const hashOf = (link: Uint8Array | undefined): string => linkHash(bodyOf(link!))
const bytesOfHash = (link: Uint8Array | undefined) => new Uint8Array(Buffer.from(hashOf(link), 'base64url'))
