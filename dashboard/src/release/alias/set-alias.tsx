import { type ReactNode, useState } from 'react';
import type { AliasResponse } from '../../../../src/api/aliases.ts';
import { Choice } from '../../parts/field.tsx';
import { mayActAs, useMe } from '../../shell/me.ts';
import { Deed } from '../deed.tsx';

type Props = {
  readonly agentId: string;
  readonly name: string;
  /** The alias as it is; undefined when there is none of that name. */
  readonly alias: AliasResponse | undefined;
  /** How many versions the agent has. */
  readonly versions: number;
};

/** Lets an alias stand for a version at once: the first time, or where it is not protected. */
export function SetAlias({ agentId, name, alias, versions }: Props): ReactNode {
  const [version, setVersion] = useState(String(versions));
  const me = useMe();
  const guarded = alias === undefined ? name === 'production' : alias.policy.protected;
  const role = guarded ? 'releaser' : 'editor';
  const because = !mayActAs(me, role)
    ? `Your role is ${me?.role ?? 'not known yet'}; this needs a ${role}`
    : alias?.hold != null
      ? 'It is held; release it first'
      : alias?.rollout != null
        ? 'It is being rolled out'
        : String(alias?.version) === version
          ? 'It stands for that already'
          : null;
  const path = `/pawl/v1/agents/${agentId}/aliases/${name}`;
  return (
    <div className="list-tools">
      <Choice
        label="Version"
        value={version}
        onChange={setVersion}
        options={Array.from({ length: versions }, (_, n) => ({
          value: String(versions - n),
          text: `version ${versions - n}`,
        }))}
      />
      <div className="field row">
        <Deed
          does={`Let ${name} stand for it`}
          title={`Let ${name} stand for version ${version}?`}
          because={because}
          danger
          path={path}
          body={{ version: Number(version), from: alias?.version ?? null }}
          changes={[`/pawl/v1/agents/${agentId}`, '/pawl/v1/agents']}
        >
          <p>
            All new sessions of {name} get version {version} at once, without an evaluation.
          </p>
        </Deed>
      </div>
    </div>
  );
}
