/** One line to the person at the terminal: what happens and why. */
export function say(line) {
  process.stdout.write(`sotto: ${line}\n`)
}

/** Stops with a line that says what is wrong and what to do. */
export function fail(line) {
  process.stderr.write(`sotto: ${line}\n`)
  process.exit(1)
}
