import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPawl, type TestPawl } from '../pawl.ts';
import { makeSetting } from '../story.ts';
import { plainCases } from './counted-model.ts';
import { ask, putDataset, putEval, refusal, request, runToEnd } from './eval-story.ts';

/*
 * The goal: evals are open to whoever has a key and to nobody else, and what is not there is said to be missing, in
 * the same words everywhere. The method: every route, with no key that fits and with an editor's.
 */

let pawl: TestPawl;
let agentId: string;

beforeAll(async () => {
  pawl = await startPawl();
  agentId = (await makeSetting(pawl.client)).agent.id;
  await putDataset(pawl, 'plain', plainCases(3));
  await putEval(pawl, { name: 'good', agent: agentId, dataset: 'plain' });
});
afterAll(() => pawl.server.close());

describe('Something that is not there', () => {
  test.each([
    ['GET', '/evals/nobody', 'eval_not_found'],
    ['POST', '/evals/nobody/archive', 'eval_not_found'],
    ['GET', '/eval_runs/erun_1', 'eval_run_not_found'],
    ['GET', '/eval_runs/nonsense', 'eval_run_not_found'],
    ['GET', '/eval_runs/erun_1/results', 'eval_run_not_found'],
    ['GET', '/eval_runs/erun_1/stream', 'eval_run_not_found'],
    ['POST', '/eval_runs/erun_1/cancel', 'eval_run_not_found'],
    ['POST', '/eval_runs/erun_1/resume', 'eval_run_not_found'],
    ['GET', '/comparisons/cmp_1', 'comparison_not_found'],
    ['GET', '/comparisons/cmp_1/stream', 'comparison_not_found'],
    ['GET', '/comparisons?eval=nobody', 'eval_not_found'],
    ['GET', '/calibrations?eval=nobody', 'eval_not_found'],
  ])('%s %s is answered with %s', async (method, path, code) => {
    const refused = await refusal(pawl, path, method === 'POST' ? {} : undefined);
    expect(refused).toMatchObject({ status: 404, code });
  });

  test.each(['/evals', '/eval_runs', '/comparisons', '/calibrations'])(
    'such as a page of %s is refused',
    async (path) => {
      expect(await refusal(pawl, `${path}?page=page_x`)).toMatchObject({ status: 400, code: 'invalid_page' });
      expect((await refusal(pawl, `${path}?limit=0`)).message).toMatch(/^limit: /);
      expect((await refusal(pawl, `${path}?sort=up`)).message).toContain('"sort"');
    },
  );
});

describe('Keys', () => {
  const routes: readonly (readonly [string, unknown?])[] = [
    ['/evals'],
    ['/evals', {}],
    ['/evals/good'],
    ['/evals/good/archive', {}],
    ['/eval_runs'],
    ['/eval_runs', {}],
    ['/eval_runs/erun_1'],
    ['/eval_runs/erun_1/results'],
    ['/eval_runs/erun_1/stream'],
    ['/eval_runs/erun_1/cancel', {}],
    ['/eval_runs/erun_1/resume', {}],
    ['/comparisons'],
    ['/comparisons', {}],
    ['/comparisons/cmp_1'],
    ['/comparisons/cmp_1/stream'],
    ['/calibrations'],
    ['/calibrations', {}],
  ];

  test('are asked for on every route', async () => {
    for (const [path, body] of routes) {
      const { status } = await request({ url: pawl.url, key: 'a-wrong-key' }, path, body);
      expect(status, path).toBe(401);
    }
  });

  test('of an editor open all of them', async () => {
    const { secret } = await ask<{ secret: string }>(pawl, '/keys', { name: 'an editor', role: 'editor' });
    const editor = { url: pawl.url, key: secret };
    for (const [path, body] of routes.filter(([path]) => !path.endsWith('/archive'))) {
      const { status } = await request(editor, path, body);
      expect([200, 400, 404], path).toContain(status);
    }
    await putEval(editor, { name: 'by-an-editor', agent: agentId, dataset: 'plain' });
    expect((await runToEnd(editor, 'by-an-editor')).run.status).toBe('completed');
    await ask(editor, '/evals/by-an-editor/archive', {});
  });
});
