import { configDefaults, defineConfig } from 'vitest/config'

const include = [
  'src/**/*.test.{ts,tsx}',
  'test/{contracts,integration,interop,lint,docs}/**/*.test.ts',
  'test/e2e/**/*.test.ts',
  'bench/**/*.test.ts',
]
/** Calls whose words are counted: a machine that is busy with something else loses some. */
const heard = ['test/interop/calls/**/*.test.ts']

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: { name: 'all', include, exclude: [...configDefaults.exclude, ...heard], sequence: { groupOrder: 0 } },
      },
      { extends: true, test: { name: 'heard', include: heard, maxWorkers: 1, sequence: { groupOrder: 1 } } },
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
