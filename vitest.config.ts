import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take minutes, the longest first. */
const LONGEST = [
  'examples/custom-driver/',
  '/conformance.test.ts',
  'postgres-cluster.test.ts',
  '/postgres-server.test.ts',
  'transfer-faults.test.ts',
  'postgres-outcome.test.ts',
  'sqlite-mutations.test.ts',
  'transfer-kills.test.ts',
  'sqlite-stuck.test.ts',
  '-life-cycle.test.ts',
];

/** Begins with the longest files: one that began last would run on alone. Vitest itself knows how long a file takes from its second run on. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const found = LONGEST.findIndex((part) => moduleId.includes(part));
      return found === -1 ? LONGEST.length : found;
    };
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{packages,examples}/*/src/**/*.test.ts', 'scripts/*.test.mjs'],
          // A busy machine is no failure.
          testTimeout: 60_000,
        },
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
