import { expect, test } from 'vitest';
import { openRows } from '../database-rows.ts';
import { startPawl } from '../pawl.ts';
import { freshFolder } from '../pawl-process.ts';
import { plainCases } from './counted-model.ts';
import { startEndpointProxy } from './endpoint-proxy.ts';
import { completed, putDataset, putEval } from './eval-story.ts';
import { startRemoteSetting, targetAt } from './remote-setting.ts';

test('What was paid for at one endpoint is not taken for the answers of another that has got its name', async () => {
  const at = await startRemoteSetting();
  const other = await startEndpointProxy(at.remote.url);
  const data_dir = freshFolder();
  const reused: number[] = [];
  for (const proxy of [at.proxy, at.proxy, other]) {
    const pawl = await startPawl({ ...targetAt(proxy), data_dir });
    await putDataset(pawl, 'moved', plainCases(5, 'moved'));
    await putEval(pawl, { name: 'moved', agent: at.agent_id, dataset: 'moved', endpoint: 'other' });
    reused.push((await completed(pawl, 'moved')).run.counts.reused);
    await pawl.server.close();
  }
  expect(reused).toEqual([0, 5, 0]);
  const rows = await openRows({ data_dir });
  const made = await rows.query('select endpoint from eval_objects order by created_at');
  expect(made).toEqual([at.proxy, other].map(({ url }) => ({ endpoint: `other=${url}` })));
  await rows.close();
  await other.die();
  await at.close();
});
