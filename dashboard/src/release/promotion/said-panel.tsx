import type { ReactNode } from 'react';
import type { PromotionResponse } from '../../../../src/api/promotions.ts';
import { Badge, type Tone } from '../../parts/badge.tsx';
import { Time } from '../../parts/time.tsx';
import '../release.css';

type Review = PromotionResponse['reviews'][number];

type Props = { readonly reviews: readonly Review[]; readonly basisHash: string };

const said: Readonly<Record<Review['decision'], readonly [string, Tone]>> = {
  approve: ['approved', 'good'],
  reject: ['rejected', 'bad'],
  override: ['overrode the gate', 'note'],
  comment: ['said', 'calm'],
};

/** What people have said and decided, in its order. */
export function SaidPanel({ reviews, basisHash }: Props): ReactNode {
  return (
    <section className="panel" aria-label="What was said">
      <h2>What was said</h2>
      {reviews.length === 0 && <p className="faint">Nothing yet.</p>}
      <ul className="said">
        {reviews.map(({ id, decision, actor, comment, basis_hash, created_at }) => (
          <li key={id}>
            <strong>{actor.name}</strong> <Badge tone={said[decision][1]}>{said[decision][0]}</Badge>{' '}
            <span className="faint">
              <Time at={created_at} />
            </span>
            {basis_hash !== basisHash && decision !== 'comment' && (
              <span className="faint"> · about what it was then; it does not count any more</span>
            )}
            {comment !== null && <p>{comment}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}
