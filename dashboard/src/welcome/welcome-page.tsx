import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { ModelResponse } from '../../../src/api/wire/models.ts';
import type { ServerStatusResponse } from '../../../src/api/wire/server.ts';
import { useRead } from '../http/use-read.ts';
import { Button } from '../parts/button.tsx';
import { Failure } from '../parts/failure.tsx';
import { Choice } from '../parts/field.tsx';
import { Page } from '../parts/page.tsx';
import { mayActAs, useMe } from '../shell/me.ts';
import { Outcome } from './outcome.tsx';
import { StepList } from './step-list.tsx';
import { steps } from './steps.ts';
import { type Example, useExample } from './use-example.ts';
import './welcome.css';

/** Where somebody begins: what this is, and an example to look at. */
export function WelcomePage(): ReactNode {
  const example = useExample();
  const { progress } = example;
  return (
    <Page title="Welcome to Pawl">
      <p className="lead">
        Pawl runs agents and keeps every version of their prompts. Before a version goes live it is measured
        against the one that is, case by case, and when it does worse it is not let through. When it goes live
        all the same and turns out badly, it is taken back in one press.
      </p>
      <section aria-labelledby="example">
        <h2 id="example">An example to look at</h2>
        <p>
          An agent that sorts support tickets gets a new rule that is meant well. Load it, and see what the
          rule does to the tickets that it does not name.
        </p>
        <LoadButton example={example} />
        <Failure error={example.error} />
        {progress !== undefined && progress.done === steps.length && <Outcome made={progress.made} />}
        <StepList progress={progress} busy={example.loading.busy} />
      </section>
      <section aria-labelledby="own">
        <h2 id="own">Or begin with your own</h2>
        <ul>
          <li>
            <Link to="/agents/new">Make an agent</Link>: a name, a model and a prompt.
          </li>
          <li>
            <Link to="/datasets/new">Bring a dataset</Link>: what is asked, and what should be answered.
          </li>
          <li>
            <Link to="/operations/models">See which models answer here</Link>.
          </li>
        </ul>
      </section>
    </Page>
  );
}

const usualModel = 'claude-sonnet-4-6';

function LoadButton({ example: { progress, loading } }: { readonly example: Example }): ReactNode {
  const me = useMe();
  const server = useRead<ServerStatusResponse>('/pawl/v1/server').data;
  const models = useRead<{ readonly data: readonly ModelResponse[] }>('/v1/models', {
    query: { limit: 100 },
  });
  const [chosen, setChosen] = useState<string | null>(null);
  if (progress === undefined || server === undefined || progress.done === steps.length) return null;
  const offline = server.falls_back_to_offline;
  const model = chosen ?? (offline ? usualModel : 'offline');
  const others = (models.data?.data ?? []).filter(({ id }) => id !== 'offline');
  return (
    <>
      {!offline && progress.done === 0 && (
        <div className="narrow">
          <Choice
            label="Model"
            value={model}
            onChange={setChosen}
            options={[
              { value: 'offline', text: 'the built-in offline model: costs nothing' },
              ...others.map(({ id, pawl }) => ({ value: id, text: `${id}, by ${pawl.served_by.provider}` })),
            ]}
          />
          <p className="hint">It is asked forty times, with one ticket each.</p>
        </div>
      )}
      <div className="row">
        <Button
          look="main"
          busy={loading.busy}
          disabledBecause={mayActAs(me, 'editor') ? null : 'Viewers read only: an editor can load it'}
          onPress={() => void loading.run(model)}
        >
          {loading.busy ? 'Loading…' : progress.done === 0 ? 'Load the example' : 'Go on loading'}
        </Button>
        {!mayActAs(me, 'editor') && <span className="faint">Viewers read only: an editor can load it.</span>}
      </div>
    </>
  );
}
