import { defineConfig } from 'vitest/config'

/** `npm run test:long`: fuzzers with a million inputs, a thousand kills, long simulations. */
export default defineConfig({
  test: {
    include: ['test/long/**/*.test.ts'],
    environment: 'node',
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 7_200_000,
    hookTimeout: 120_000,
  },
})
