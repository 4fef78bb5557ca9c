import type { ReactNode } from 'react';
import { Button } from '../parts/button.tsx';
import { Choice } from '../parts/field.tsx';
import { usualBaseline, type Wanted } from './start.ts';
import type { ChosenAgent } from './use-start.ts';

type Props = {
  readonly agent: ChosenAgent;
  readonly wanted: Wanted;
  readonly onChange: (part: Partial<Wanted>) => void;
};

/** Which version is evaluated, and which one it is compared with. */
export function VersionFields({ agent: { newest, production }, wanted, onChange }: Props): ReactNode {
  const candidate = wanted.candidate === '' ? newest : Number(wanted.candidate);
  const usual = usualBaseline(candidate, production);
  const versions = Array.from({ length: newest }, (_, n) => {
    const version = newest - n;
    const place = version === production ? ', which production serves' : '';
    return { value: String(version), text: `version ${version}${place}` };
  });
  const isComparison = wanted.what === 'comparison';
  return (
    <>
      <Choice
        label={isComparison ? 'The version that is to be better' : 'Version'}
        value={wanted.candidate}
        onChange={(value) => onChange({ candidate: value })}
        options={[{ value: '', text: `the newest (version ${newest})` }, ...versions]}
      />
      {isComparison && (
        <>
          <Choice
            label="Against"
            value={wanted.baseline}
            onChange={(value) => onChange({ baseline: value })}
            options={[{ value: '', text: usualText(usual, production) }, ...versions]}
          />
          {(wanted.candidate !== '' || wanted.baseline !== '') && (
            <p>
              <Button onPress={() => onChange({ candidate: '', baseline: '' })}>
                Production against the newest
              </Button>
            </p>
          )}
          {usual === null && wanted.baseline === '' && (
            <p className="notice notice-warn">
              There is no version before version 1. Choose another one, or score this one alone.
            </p>
          )}
        </>
      )}
    </>
  );
}

function usualText(usual: number | null, production: number | null): string {
  if (usual === null) return 'nothing yet';
  return usual === production ? `production (version ${usual})` : `the version before (version ${usual})`;
}
