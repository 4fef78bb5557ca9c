import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** These replace modules or the clock, or look at what a whole process does; each needs a process of its own. */
const alone = [
  'src/model/anthropic.test.ts',
  'src/model/event-stream.test.ts',
  'src/model/openai.test.ts',
  'src/eval/scorers/module.test.ts',
  'test/scale.test.ts',
  'test/files/{blobs,files}.test.ts',
  'test/release/online-scoring.test.ts',
  'test/wire/together.test.ts',
];

/** What takes long: begun late, it would keep one worker busy when the others have nothing left to do. */
const long =
  /\/test\/(many|release|mcp|evals|crash|dataset-import|webhook-server|examples)|simulation|\/cli\/(tutorial|eval|serve)/;

class LongFirst extends BaseSequencer {
  override async sort(specs: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ project, moduleId }: TestSpecification): number =>
      project.name !== 'rooms' ? 0 : long.test(moduleId) ? 1 : 2;
    return (await super.sort(specs)).toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    globalSetup: ['test/postgres-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Many tests wait for processes of their own, so that a core need not be left for this one.
    maxWorkers: '100%',
    sequence: { sequencer: LongFirst },
    coverage: { provider: 'v8', include: ['src/**/*.ts'], exclude: ['src/**/*.test*.ts'] },
    projects: [
      { extends: true, test: { name: 'alone', include: alone } },
      // Starting a process for each of these would take longer than most of them.
      {
        extends: true,
        test: {
          name: 'rooms',
          include: ['{src,test,dashboard/src}/**/*.test.ts'],
          exclude: [...alone, 'test/dashboard/**'],
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'dashboard',
          include: ['test/dashboard/**/*.test.ts'],
          globalSetup: ['test/dashboard/built.ts'],
          isolate: false,
        },
      },
    ],
  },
});
