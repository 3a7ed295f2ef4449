/** An event whose default action a listener may veto. */
export interface Preventable {
  readonly defaultPrevented: boolean
  preventDefault(): void
}

export function preventable(): Preventable {
  let prevented = false
  return {
    get defaultPrevented() {
      return prevented
    },
    preventDefault: () => (prevented = true),
  }
}
