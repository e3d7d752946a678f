import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['{packages,examples}/*/src/**/*.test.ts'] },
      },
      {
        extends: true,
        test: {
          name: 'types',
          include: [],
          // The same files as in tsconfig.json, which is what tsc checks; a file missing there would pass unseen.
          typecheck: { enabled: true, only: true, include: ['packages/*/test/**/*.test-d.ts'] },
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['{packages,examples}/*/test/**/*.test.ts'],
          globalSetup: './packages/testkit/dist/vitest/global-setup.js',
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // After the others, so that their load does not disturb what is timed here.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
