import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { AliasResponse } from '../../../../src/api/aliases.ts';
import type { PromotionResponse } from '../../../../src/api/promotions.ts';
import type { AgentResponse } from '../../../../src/api/wire/agents.ts';
import { TwoVersions } from '../../agents/two-versions.tsx';
import { useAgent, useAliases } from '../../agents/versions.ts';
import { send } from '../../http/client.ts';
import { useAction } from '../../http/use-action.ts';
import { Button } from '../../parts/button.tsx';
import { Failure } from '../../parts/failure.tsx';
import { Choice, TextArea } from '../../parts/field.tsx';
import { type ListSearch, useListSearch } from '../../parts/list.tsx';
import { Loaded } from '../../parts/loaded.tsx';
import { Page } from '../../parts/page.tsx';
import { mayActAs, useMe } from '../../shell/me.ts';
import { SetAlias } from '../alias/set-alias.tsx';
import { EvalChoice } from './eval-choice.tsx';
import '../release.css';

/** Where somebody asks that an alias be moved to a version, and sees what that would change. */
export function AskPage(): ReactNode {
  const { agent }: ListSearch = useSearch({ strict: false });
  return (
    <Page title="Ask for promotion" under={[{ text: 'Release', to: '/release' }]}>
      {agent === undefined ? (
        <p className="empty">
          Choose one of the <Link to="/agents">agents</Link>, and then the version that is to be promoted.
        </p>
      ) : (
        <OfAgent id={agent} />
      )}
    </Page>
  );
}

function OfAgent({ id }: { readonly id: string }): ReactNode {
  const newest = useAgent(id);
  const aliases = useAliases(id);
  return (
    <Loaded of={newest}>
      {(agent) => <Loaded of={aliases}>{({ data }) => <Question agent={agent} aliases={data} />}</Loaded>}
    </Loaded>
  );
}

type QuestionProps = { readonly agent: AgentResponse; readonly aliases: readonly AliasResponse[] };

function Question({ agent, aliases }: QuestionProps): ReactNode {
  const search: ListSearch = useSearch({ strict: false });
  const change = useListSearch();
  const version = Number(search['version'] ?? agent.version);
  const named = search['alias'] ?? 'production';
  const alias = aliases.find(({ name }) => name === named);
  const names = [...new Set([...aliases.map(({ name }) => name), named])];
  const versions = Array.from({ length: agent.version }, (_, n) => String(agent.version - n));
  return (
    <>
      <p>
        Of <Link to={`/agents/${agent.id}`}>{agent.name}</Link>.
      </p>
      <div className="list-tools">
        <Choice
          label="Candidate"
          value={String(version)}
          onChange={(value) => change({ version: value })}
          options={versions.map((value) => ({ value, text: `version ${value}` }))}
        />
        <Choice
          label="Alias that is to be moved"
          value={named}
          onChange={(value) => change({ alias: value })}
          options={names.map((value) => ({ value, text: value }))}
        />
      </div>
      {alias === undefined || alias.version === null ? (
        <div className="panel">
          <h2>{named} stands for nothing yet</h2>
          <p>
            There is nothing to compare a candidate with. The first time, somebody lets {named} stand for a
            version; from then on it is moved by promotions.
          </p>
          <SetAlias agentId={agent.id} name={named} alias={alias} versions={agent.version} />
        </div>
      ) : (
        <Asking
          key={`${version} ${named}`}
          agent={agent}
          version={version}
          alias={alias}
          live={alias.version}
        />
      )}
    </>
  );
}

type AskingProps = {
  readonly agent: AgentResponse;
  readonly version: number;
  readonly alias: AliasResponse;
  /** What the alias stands for. */
  readonly live: number;
};

function Asking({ agent, version, alias, live }: AskingProps): ReactNode {
  const [named, setNamed] = useState('');
  const [reason, setReason] = useState('');
  const me = useMe();
  const navigate = useNavigate();
  const ask = useAction((body: object) => send<PromotionResponse>('/pawl/v1/promotions', body), {
    changes: ['/pawl/v1/promotions', '/pawl/v1/agents'],
    onDone: ({ id }) => void navigate({ to: `/release/promotions/${id}` }),
  });
  const because = !mayActAs(me, 'editor')
    ? 'Viewers read only'
    : version === live
      ? `${alias.name} stands for version ${version} already`
      : alias.policy.eval === null && named === ''
        ? 'Choose the eval that has to pass'
        : null;
  const body = { agent_id: agent.id, alias: alias.name, version };
  const said = { ...(named === '' ? {} : { eval: named }), ...(reason.trim() === '' ? {} : { reason }) };
  return (
    <>
      <div className="narrow">
        {alias.policy.eval === null ? (
          <EvalChoice agentId={agent.id} value={named} onChange={setNamed} />
        ) : (
          <p>The alias has an eval of its own, which has to pass.</p>
        )}
        <TextArea label="Why it should be promoted" rows={3} value={reason} onChange={setReason} />
      </div>
      <p className="faint">
        The candidate is measured against version {live}, unless that was done.{' '}
        {alias.policy.approvals === 0
          ? 'Nobody else has to approve it.'
          : `${alias.policy.approvals} other than you and whoever wrote it ${alias.policy.approvals === 1 ? 'has' : 'have'} to approve it.`}
      </p>
      <Failure error={ask.error} />
      <div className="row">
        <Button
          look="main"
          busy={ask.busy}
          disabledBecause={because}
          onPress={() => void ask.run({ ...body, ...said })}
        >
          Ask for promotion
        </Button>
        {because !== null && <span className="faint">{because}</span>}
      </div>
      <h2>
        What would change, from version {live} to version {version}
      </h2>
      <TwoVersions agentId={agent.id} from={live} to={version} />
    </>
  );
}
