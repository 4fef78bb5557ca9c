import { useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Button } from '../parts/button.tsx';
import { Failure } from '../parts/failure.tsx';
import { Choice, TextField } from '../parts/field.tsx';
import { Page } from '../parts/page.tsx';
import { EvalChoice } from './eval-choice.tsx';
import './evaluations.css';
import { NewEvalFields } from './new-eval.tsx';
import { Pick } from './pick.tsx';
import { useStart } from './use-start.ts';
import { VersionFields } from './version-fields.tsx';

/** Starts a run of one version, or a comparison of two. */
export function NewPage(): ReactNode {
  const starting = useStart(useSearch({ strict: false }));
  const { start, because } = starting;
  return (
    <Page title="Start an evaluation" under={[{ text: 'Evaluations', to: '/evaluations' }]}>
      <form
        className="columns"
        onSubmit={(event) => {
          event.preventDefault();
          if (because === null) void start.run();
        }}
      >
        <WhatFields {...starting} />
        <OnWhatFields {...starting} />
      </form>
    </Page>
  );
}

type Props = ReturnType<typeof useStart>;

function WhatFields({ wanted, change, agent }: Props): ReactNode {
  return (
    <section className="panel" aria-label="What is evaluated">
      <h2>What is evaluated</h2>
      <Choice
        label="What to do"
        value={wanted.what}
        onChange={(what) => change({ what: what === 'run' ? 'run' : 'comparison' })}
        options={[
          { value: 'comparison', text: 'Compare two versions' },
          { value: 'run', text: 'Score one version' },
        ]}
      />
      <Pick
        label="Agent"
        of="agents"
        none="choose one"
        value={wanted.agent}
        onChange={(id) => change({ agent: id, evalId: '', candidate: '', baseline: '' })}
      />
      {agent !== null && <VersionFields agent={agent} wanted={wanted} onChange={change} />}
    </section>
  );
}

function OnWhatFields({ wanted, change, evals, fresh, setFresh, start, because }: Props): ReactNode {
  const { evalId, epochs } = wanted;
  return (
    <section className="panel" aria-label="On what">
      <h2>On what</h2>
      <EvalChoice evals={evals} value={evalId} epochs={epochs} onChange={(id) => change({ evalId: id })} />
      {fresh !== null && <NewEvalFields value={fresh} epochs={epochs} onChange={setFresh} />}
      <TextField
        label="How often each case is asked (if not as the eval says)"
        type="number"
        value={epochs}
        onChange={(text) => change({ epochs: text })}
      />
      <Choice
        label="Answers that an earlier run has paid for"
        value={wanted.fresh ? 'fresh' : ''}
        onChange={(value) => change({ fresh: value === 'fresh' })}
        options={[
          { value: '', text: 'count as well, and cost nothing' },
          { value: 'fresh', text: 'are asked for anew' },
        ]}
      />
      <Failure error={start.error} />
      <div className="row">
        <Button look="main" submits busy={start.busy} disabledBecause={because}>
          {wanted.what === 'run' ? 'Start the run' : 'Start the comparison'}
        </Button>
        {because !== null && <span className="faint">{because}</span>}
      </div>
    </section>
  );
}
