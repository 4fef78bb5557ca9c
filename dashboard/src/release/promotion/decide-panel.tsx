import { type ReactNode, useState } from 'react';
import type { PromotionResponse } from '../../../../src/api/promotions.ts';
import type { ReviewDecision } from '../../../../src/core/release.ts';
import { send } from '../../http/client.ts';
import { useAction } from '../../http/use-action.ts';
import { Button } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { Failure } from '../../parts/failure.tsx';
import { TextArea } from '../../parts/field.tsx';
import { type SeenPromotion, whyNot } from './why-not.ts';
import '../release.css';

type Props = { readonly promotion: PromotionResponse; readonly seen: SeenPromotion };

const words = {
  approve: 'Approve',
  reject: 'Reject',
  override: 'Override the gate',
  comment: 'Comment',
} as const satisfies Record<ReviewDecision, string>;

const askedFirst = {
  reject: 'The promotion is over then. Its author can ask for another one.',
  override:
    'The promotion may then be carried out against its evidence, once it has its approvals. That stays marked for ever: on the promotion, and in the history of the alias.',
} as const;

/** Where a reviewer decides. What is decided holds for what was shown: should that change, it is said, and looked at again. */
export function DecidePanel({ promotion, seen }: Props): ReactNode {
  const [comment, setComment] = useState('');
  const [asking, setAsking] = useState<'reject' | 'override' | null>(null);
  const [looked, setLooked] = useState(promotion.basis_hash);
  const path = `/pawl/v1/promotions/${promotion.id}`;
  const review = useAction(
    (decision: ReviewDecision) =>
      send<PromotionResponse>(`${path}/reviews`, {
        ...{ decision, basis_hash: looked },
        ...(comment.trim() === '' ? {} : { comment }),
      }),
    {
      changes: [path, '/pawl/v1/promotions'],
      onDone: () => {
        setComment('');
        setAsking(null);
      },
    },
  );
  const stale = looked !== promotion.basis_hash;

  function because(decision: ReviewDecision): string | null {
    const not = whyNot(decision, seen);
    if (not !== null) return not;
    if (stale) return 'It has changed since you opened this page; look at it again first';
    return decision !== 'approve' && comment.trim() === '' ? 'Say why first, above' : null;
  }

  return (
    <section className="panel" aria-label="Decide">
      <h2>Decide</h2>
      {stale && (
        <div className="notice notice-warn" role="alert">
          <p>This promotion stands on something else than when you opened this page.</p>
          <Button onPress={() => setLooked(promotion.basis_hash)}>I have looked at it again</Button>
        </div>
      )}
      <TextArea label="What you think of it" rows={3} value={comment} onChange={setComment} />
      {asking === null && <Failure error={review.error} />}
      <ul className="deeds">
        {(['approve', 'reject', 'override', 'comment'] as const).map((decision) => (
          <li key={decision}>
            <Button
              look={decision === 'approve' ? 'main' : decision === 'comment' ? 'plain' : 'danger'}
              busy={review.busy}
              disabledBecause={because(decision)}
              onPress={() => {
                review.reset();
                if (decision === 'reject' || decision === 'override') setAsking(decision);
                else void review.run(decision);
              }}
            >
              {words[decision]}
            </Button>
            {because(decision) !== null && <span className="faint">{because(decision)}</span>}
          </li>
        ))}
      </ul>
      {asking !== null && (
        <Confirm
          title={`${words[asking]}?`}
          does={words[asking]}
          danger
          busy={review.busy}
          onClose={() => setAsking(null)}
          onYes={() => void review.run(asking)}
        >
          <p>{askedFirst[asking]}</p>
          <p>What you say: {comment}</p>
          <Failure error={review.error} />
        </Confirm>
      )}
    </section>
  );
}
