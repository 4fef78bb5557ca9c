import { type ReactNode, useState } from 'react';
import type { AliasResponse } from '../../../../src/api/aliases.ts';
import type { EvalResponse } from '../../../../src/api/evals.ts';
import { useRead } from '../../http/use-read.ts';
import { Choice, TextField } from '../../parts/field.tsx';
import { mayActAs, useMe } from '../../shell/me.ts';
import { Deed } from '../deed.tsx';
import { EvalChoice } from '../promotion/eval-choice.tsx';

/** What an alias asks of promotions; admins may change it. */
export function PolicyPanel({ alias }: { readonly alias: AliasResponse }): ReactNode {
  const { policy, name } = alias;
  const own = useRead<EvalResponse>(policy.eval === null ? null : `/pawl/v1/evals/${policy.eval}`);
  return (
    <section className="panel" aria-label="Policy">
      <h2>What it asks of promotions</h2>
      <dl className="facts">
        <dt>Protected</dt>
        <dd>
          {policy.protected
            ? 'yes: once set, promotion and rollback alone move it'
            : 'no: editors may set it'}
        </dd>
        <dt>Approvals</dt>
        <dd>{policy.approvals === 0 ? 'none' : `${policy.approvals}, by others than the author`}</dd>
        <dt>Eval</dt>
        <dd>{policy.eval === null ? 'whoever asks chooses it' : (own.data?.name ?? policy.eval)}</dd>
      </dl>
      <Change key={JSON.stringify(policy)} alias={alias} name={name} />
    </section>
  );
}

function Change({ alias, name }: { readonly alias: AliasResponse; readonly name: string }): ReactNode {
  const { policy, agent_id } = alias;
  const [guarded, setGuarded] = useState(String(policy.protected));
  const [approvals, setApprovals] = useState(String(policy.approvals));
  const [named, setNamed] = useState(policy.eval ?? '');
  const me = useMe();
  const wanted = {
    protected: guarded === 'true',
    approvals: Number(approvals),
    eval: named === '' ? null : named,
  };
  const path = `/pawl/v1/agents/${agent_id}/aliases/${name}`;
  return (
    <div className="row">
      <Deed
        does="Change the policy"
        title={`What ${name} asks of promotions`}
        because={mayActAs(me, 'admin') ? null : 'Only admins change it'}
        path={`${path}/policy`}
        body={wanted}
        changes={[path, '/pawl/v1/promotions']}
      >
        <Choice
          label="Protected"
          value={guarded}
          onChange={setGuarded}
          options={[
            { value: 'true', text: 'yes: promotion and rollback alone move it' },
            { value: 'false', text: 'no: editors may set it' },
          ]}
        />
        <TextField
          type="number"
          label="How many others have to approve (0 to 10)"
          value={approvals}
          onChange={setApprovals}
        />
        <EvalChoice agentId={agent_id} value={named} onChange={setNamed} none="whoever asks chooses it" />
      </Deed>
    </div>
  );
}
