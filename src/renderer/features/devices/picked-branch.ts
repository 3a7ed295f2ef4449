import { useState } from 'react'
import type { ChainBranchView } from '#shared/model/replication-views.ts'

/** The version about which the person is asked, as it stands among the others now. */
export interface PickedBranch {
  readonly branch: ChainBranchView
  readonly number: number
}

/** Keeps which version was picked by what it is, so that the question is never about another one; `isGone` = it was there until now. */
export function usePickedBranch(branches: readonly ChainBranchView[], wasGone = false) {
  const [key, setKey] = useState<string | null>(null)
  const [isGone, setGone] = useState(wasGone)
  const index = branches.findIndex((branch) => branch.key === key)
  const branch = branches[index]
  if (key !== null && branch === undefined) {
    setKey(null)
    setGone(true)
  }
  const pick = (next: string | null): void => {
    setKey(next)
    setGone(false)
  }
  const picked: PickedBranch | null = branch === undefined ? null : { branch, number: index + 1 }
  return { picked, isGone, pick, close: () => pick(null) }
}
