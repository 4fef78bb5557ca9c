import { type ReactNode, useState } from 'react';
import type { EvalRunResponse } from '../../../src/api/eval-runs.ts';
import { useRead } from '../http/use-read.ts';
import { Choice } from '../parts/field.tsx';
import type { ServerPage } from '../parts/list.tsx';
import { ago } from '../parts/time.tsx';
import { CompareTwo } from './compare-two.tsx';

/** Compares a run with another one of its eval. */
export function CompareWith({ run }: { readonly run: EvalRunResponse }): ReactNode {
  const [id, setId] = useState('');
  const query = { eval: run.eval_id, status: 'completed', limit: 100 };
  const { data: runs = [] } =
    useRead<ServerPage<EvalRunResponse>>('/pawl/v1/eval_runs', { query }).data ?? {};
  const others = runs.filter((one) => one.id !== run.id);
  if (run.status !== 'completed' || others.length === 0) return null;
  const other = others.find((one) => one.id === id);
  return (
    <section className="panel" aria-label="Compare">
      <h2>Compare</h2>
      <Choice
        label="With another run of this eval"
        value={id}
        onChange={setId}
        options={[
          { value: '', text: 'choose one' },
          ...others.map((one) => ({
            value: one.id,
            text: `version ${one.agent_version}, ${ago(one.created_at, Date.now())}`,
          })),
        ]}
      />
      {other !== undefined && <CompareTwo runs={[run, other]} />}
    </section>
  );
}
