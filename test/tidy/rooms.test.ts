import { expect, test } from 'vitest';
import { dashboardBeyondHttp, wrongDirections } from './rooms.ts';
import { treeOf } from './tree.ts';

/** What the check says about one file that holds one import. */
function judge(path: string, specifier: string, clause = '{ a }'): string[] {
  return wrongDirections(treeOf({ [path]: `import ${clause} from '${specifier}';` }));
}

test.each([
  ['src/core/a.ts', './b.ts'],
  ['src/store/agents.ts', '../core/ids.ts'],
  ['src/agent/agents.ts', '../store/agents.ts'],
  ['src/session/turn.ts', '../model/model.ts'],
  ['src/api/wire/agents.ts', '../../core/page.ts'],
  ['src/assembly/house.ts', '../api/app.ts'],
  ['src/cli/serve.ts', '../server.ts'],
  ['src/cli/embedded.ts', '../server.ts'],
  ['src/cli/stats/calculate.ts', '../../stats/catalog.ts'],
  ['src/cli/tutorial/start.ts', '../../server.ts'],
  ['src/store/agents.test.ts', '../../test/postgres.ts'],
  ['src/api/agents.test.ts', '../server.ts'],
])('%s may import %s', (path, specifier) => {
  expect(judge(path, specifier)).toEqual([]);
});

test.each([
  ['src/core/a.ts', '../store/agents.ts'],
  ['src/store/agents.ts', '../agent/agents.ts'],
  ['src/model/model.ts', '../store/agents.ts'],
  ['src/agent/agents.ts', '../model/model.ts'],
  ['src/session/turn.ts', '../eval/run.ts'],
  ['src/release/watch.ts', '../session/turn.ts'],
  ['src/release/watch.ts', '../model/model.ts'],
  ['src/eval/run.ts', '../release/watch.ts'],
  ['src/api/agents.ts', '../cli/pawl.ts'],
  ['src/api/agents.ts', '../config.ts'],
  ['src/cli/agents.ts', '../store/agents.ts'],
  ['src/cli/agents.ts', '../eval/runs.ts'],
  ['src/cli/agents.ts', '../server.ts'],
  ['src/server.ts', './cli/pawl.ts'],
  ['src/store/agents.ts', '../../test/postgres.ts'],
])('%s may not import %s', (path, specifier) => {
  expect(judge(path, specifier)).toHaveLength(1);
});

test('the commands may know the wire by its types, but not by its values', () => {
  expect(judge('src/cli/agents.ts', '../api/wire/agents.ts', 'type { Agent }')).toEqual([]);
  expect(judge('src/cli/agents.ts', '../eval/result.ts', 'type { EvalRun }')).toEqual([]);
  expect(judge('src/cli/agents.ts', '../api/wire/agents.ts')).toEqual([
    'src/cli/agents.ts imports src/api/wire/agents.ts, which cli may not but as types.',
  ]);
});

test('an import of a type, a re-export and a dynamic import count as well', () => {
  for (const text of [
    `import type { A } from '../store/a.ts';`,
    `export { a } from '../store/a.ts';`,
    `export const a = await import('../store/a.ts');`,
    `export type A = import('../store/a.ts').A;`,
  ]) {
    expect(wrongDirections(treeOf({ 'src/core/a.ts': text }))).toEqual([
      'src/core/a.ts imports src/store/a.ts, which core may not.',
    ]);
  }
});

test('a folder that is no room is named', () => {
  expect(wrongDirections(treeOf({ 'src/billing/a.ts': '' }))).toHaveLength(1);
});

test.each([
  ['a type of an answer', `import type { A } from '../../../src/api/wire/a.ts';`, 0],
  ['a value of the server', `import { a } from '../../../src/api/wire/a.ts';`, 1],
  ['a type of a room that answers nobody', `import type { A } from '../../../src/store/a.ts';`, 1],
  ['a part of its own', `import { A } from '../parts/a.tsx';`, 0],
])('the dashboard and %s', (_, text, problems) => {
  const page = `${text}\nexport const B = () => <p className="b">{String(1)}</p>;`;
  expect(dashboardBeyondHttp(treeOf({ 'dashboard/src/agents/b.tsx': page }))).toHaveLength(problems);
});
