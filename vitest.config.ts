import { configDefaults, defineConfig } from 'vitest/config'

/** Nothing but our own code: these pass the first time. */
const ours = ['src/**/*.test.{ts,tsx}', 'test/{contracts,integration,lint,docs}/**/*.test.ts', 'bench/**/*.test.ts']
/** Browsers, desktops and phones: what passes the second time only is named at the end (`scripts/lib/second-try-reporter.mjs`). */
const programs = ['test/{e2e,interop}/**/*.test.ts']
/** Calls whose words are counted: a machine that is busy with something else loses some. */
const heard = ['test/interop/calls/**/*.test.ts']

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: 'ours', include: ours, sequence: { groupOrder: 0 } } },
      {
        extends: true,
        test: {
          ...{ name: 'programs', include: programs, exclude: [...configDefaults.exclude, ...heard], retry: 1 },
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: 'heard', include: heard, maxWorkers: 1, retry: 1, sequence: { groupOrder: 1 } } },
    ],
    environment: 'node',
    pool: 'forks',
    // Half of the tests wait for other programs: one worker per core, not one fewer.
    maxWorkers: '100%',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ['default'],
  },
})
