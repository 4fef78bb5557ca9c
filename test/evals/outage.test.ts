import { Client } from 'pg';
import { expect, test } from 'vitest';
import { startPawl } from '../pawl.ts';
import { migratedDatabase } from '../postgres.ts';
import { eventually, makeSetting } from '../story.ts';
import { plainCases, startCountedModel } from './counted-model.ts';
import {
  ask,
  type ComparisonResponse,
  type EvalRunResponse,
  finished,
  putDataset,
  putEval,
  statesOf,
  valuesOf,
} from './eval-story.ts';

/*
 * The goal: a database that drops its connections costs evals no more than a `resume`, and the server nothing. The
 * method: every connection is ended several times while two runs and a comparison are under way; a promise that
 * nobody looks after would end this process.
 */

test('Runs whose PostgreSQL drops every connection are gone on with, and end as if nothing had been', async () => {
  const database = await migratedDatabase();
  const killer = new Client({ connectionString: database.url });
  await killer.connect();
  const model = await startCountedModel();
  const pawl = await startPawl({
    ...{ database_url: database.url, anthropic_api_key: 'upstream-key' },
    anthropic_base_url: `${model.url}/l/20`,
  });
  const { agent } = await makeSetting(pawl.client);
  await pawl.client.beta.agents.update(agent.id, { version: 1, system: 'Be brief.' });
  await putDataset(pawl, 'dropped', plainCases(100));
  const limits = { max_attempts: 20, max_error_share: 1 };
  await putEval(pawl, { name: 'dropped', agent: agent.id, dataset: 'dropped', concurrency: 4, limits });
  const made = await ask<ComparisonResponse>(pawl, '/comparisons', { eval: 'dropped' });
  const sides = [made.baseline.id, made.candidate.id];

  let asked = 0;
  for (let round = 1; round <= 4; round++) {
    await eventually(`more requests in round ${round}`, async () => {
      // Whatever the last outage has stopped, soon or late, is gone on with; what it has not is left alone.
      for (const id of sides)
        await ask<EvalRunResponse>(pawl, `/eval_runs/${id}/resume`, {}).catch(() => null);
      asked += model.sinceLastLook();
      return asked >= round * 30;
    });
    await killer.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where pid <> pg_backend_pid() and datname = current_database()`);
  }
  for (const id of sides) {
    const { run, results } = await eventually(`run ${id} over`, async () => {
      const done = await finished(pawl, { id }).catch(() => null);
      if (done?.run.status === 'completed' && done.run.counts.errors === 0) return done;
      await ask(pawl, `/eval_runs/${id}/resume`, {}).catch(() => null);
      return null;
    });
    expect(run.counts).toMatchObject({ total: 100, done: 100, scores: { exact: { sum: 90, count: 100 } } });
    expect(Object.keys(valuesOf(results))).toHaveLength(100);
  }
  // The outage may have ended the first comparison; its runs can be compared all the same.
  const [baseline_run, candidate_run] = sides;
  const same = await ask<ComparisonResponse>(pawl, '/comparisons', { baseline_run, candidate_run });
  const last = (await statesOf<ComparisonResponse>(pawl, `/comparisons/${same.id}/stream`)).at(-1);
  expect(last).toMatchObject({ status: 'completed', error: null, verdict: 'inconclusive' });
  const again = await ask<ComparisonResponse>(pawl, '/comparisons', { eval: 'dropped' });
  expect((await statesOf<ComparisonResponse>(pawl, `/comparisons/${again.id}/stream`)).at(-1)).toMatchObject({
    ...{ status: 'completed', error: null },
    candidate: { counts: { reused: 100 } },
  });
  await pawl.server.close();
  await model.close();
  await killer.end();
  await database.drop();
});
