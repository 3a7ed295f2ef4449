/** The branches of one call: each is an early dialog of a forked INVITE (RFC 3261 §12.1), until one of them is the call. */
import type { CallBranch } from './call-branch.ts'

/** Branches that are heard before the answer, at most; the answer itself always has one. */
export const maxEarlyBranches = 4

interface Entry {
  readonly branch: CallBranch
  /** To tag; null where there is but one dialog, or none has answered yet. */
  tag: string | null
  isTaken: boolean
}

export class CallBranches {
  readonly #make: (tag: () => string | null) => CallBranch
  #entries: readonly Entry[]
  #all: readonly CallBranch[]
  #lead: Entry
  #isSettled = false

  /** `make` gets the branch's To tag, to be asked for when it is needed. */
  constructor(make: (tag: () => string | null) => CallBranch) {
    this.#make = make
    this.#lead = this.#newEntry(null)
    this.#entries = [this.#lead]
    this.#all = [this.#lead.branch]
  }

  get all(): readonly CallBranch[] {
    return this.#all
  }

  /** The one whose leg made our offer, and from {@link settle} on the call. */
  get lead(): CallBranch {
    return this.#lead.branch
  }

  /** The branch that an answer under `tag` belongs to: the first one has the lead; null where it is one more. */
  of(tag: string | null): CallBranch | null {
    if (tag === null || !this.#lead.isTaken) return this.lead
    return this.#entries.find((entry) => entry.tag === tag)?.branch ?? null
  }

  /** As {@link of}, for what does not come with an answer. */
  named(tag: string | null): CallBranch | null {
    return tag === null ? this.lead : (this.#entries.find((entry) => entry.tag === tag)?.branch ?? null)
  }

  /** Answered, and the call may yet be another branch's. */
  get isEarly(): boolean {
    return this.#lead.isTaken && !this.#isSettled
  }

  mayFork(early: boolean): boolean {
    return !this.#isSettled && (!early || this.#entries.length < maxEarlyBranches)
  }

  add(tag: string | null): CallBranch {
    const entry = this.#newEntry(tag)
    this.#use([...this.#entries, entry])
    return entry.branch
  }

  #newEntry(tag: string | null): Entry {
    const entry: Entry = { branch: this.#make(() => entry.tag), tag, isTaken: false }
    return entry
  }

  /**
   * The branch takes an answer under `tag`, and what it tells from now on is of that dialog; the returned function undoes it where the
   * answer will not do after all.
   */
  take(tag: string | null, branch: CallBranch): () => void {
    const entry = this.#entries.find((one) => one.branch === branch)
    if (entry === undefined || entry.isTaken) return () => undefined
    const before = { tag: entry.tag, isTaken: false }
    Object.assign(entry, { tag: entry.tag ?? tag, isTaken: true })
    return () => void Object.assign(entry, before)
  }

  /** Whether it has an SSRC of another: such streams could not be told apart. */
  shareSsrc(branch: CallBranch): boolean {
    const own = new Set(branch.leg.ssrcs)
    return this.#all.some((other) => other !== branch && other.leg.ssrcs.some((ssrc) => own.has(ssrc)))
  }

  remove(branch: CallBranch): void {
    branch.close()
    if (branch !== this.lead) this.#use(this.#entries.filter((entry) => entry.branch !== branch))
  }

  /** This one is the call: the others end. */
  settle(branch: CallBranch): void {
    const entry = this.#entries.find((one) => one.branch === branch)
    if (entry === undefined || this.#isSettled) return
    this.#isSettled = true
    this.#lead = entry
    for (const other of this.#all) if (other !== branch) other.close()
    this.#use([entry])
  }

  close(): void {
    for (const branch of this.#all) branch.close()
  }

  #use(entries: readonly Entry[]): void {
    this.#entries = entries
    this.#all = entries.map(({ branch }) => branch)
  }
}
