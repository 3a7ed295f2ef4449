/** Runs something and notes how long it took, ms. */
export async function timed(times: number[], run: () => unknown): Promise<void> {
  const start = performance.now()
  await run()
  times.push(performance.now() - start)
}
