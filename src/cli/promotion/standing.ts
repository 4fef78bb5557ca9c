import type { PromotionResponse } from '../../api/promotions.ts';
import { plain } from '../../core/plain-text.ts';
import { columns } from '../output.ts';
import { typed } from '../typed.ts';

type BlockerCode = PromotionResponse['blockers'][number]['code'];

/** What is known besides the promotion itself. */
export type StandingContext = {
  readonly url: string | undefined;
  /** Who wrote the candidate; null when that is not known. */
  readonly version_author: string | null;
};

/** Where a promotion stands, what it lacks, and by which commands things go on: text for people. */
export function standing(promotion: PromotionResponse, context: StandingContext): string {
  const { id, status, alias, agent_id, basis, candidate_version, blockers, rollout_id } = promotion;
  const isOpen = status === 'in_review' || status === 'approved';
  const move = `${alias} of ${agent_id} from version ${basis.baseline_version} to version ${candidate_version}`;
  const steps = isOpen ? nextSteps(promotion, context) : [];
  return [
    plain(
      `Promotion ${id}, ${move}, is ${inWords(status)}${rollout_id === null ? '' : `, and carried out by ${rollout_id}`}.`,
    ),
    ...titled(
      'It lacks',
      blockers.map(({ text }) => [text]),
    ),
    ...titled('How it goes on', steps),
  ].join('\n');
}

/** A status as people write it. */
export function inWords(status: PromotionResponse['status']): string {
  return status === 'canceled' ? 'withdrawn' : status.replace('_', ' ');
}

function titled(title: string, rows: readonly (readonly string[])[]): string[] {
  return rows.length === 0 ? [] : ['', title, ...columns(rows).map((line) => `  ${line}`)];
}

/** Commands, each with what it does and who may. */
function nextSteps(promotion: PromotionResponse, { url, version_author }: StandingContext): string[][] {
  const { id, agent_id, alias, blockers, rollout_id } = promotion;
  const has = (...codes: BlockerCode[]): boolean => blockers.some(({ code }) => codes.includes(code));
  const on = (verb: string, ...words: string[]): string => typed(['promotion', verb, id, ...words], url);
  const withdraw = [on('withdraw'), 'takes it back'];
  if (rollout_id !== null) {
    return [
      [typed(['rollout', 'status', rollout_id], url), 'says how its rollout stands, and how that goes on'],
    ];
  }
  if (blockers.length === 0) {
    return [
      [on('apply'), 'carries it out at once; it needs the role releaser'],
      [
        typed(['rollout', 'start', id], url),
        'carries it out step by step, which ends by itself if it does harm',
      ],
      withdraw,
    ];
  }
  if (has('agent_archived', 'already_live')) return [withdraw];
  if (has('basis_changed', 'evidence_missing', 'evidence_failed')) {
    return [[on('evaluate'), 'measures it on what there is now'], withdraw];
  }
  if (has('evidence_pending')) return [[on('evaluate'), 'follows its evidence to the end'], withdraw];
  const other = `a reviewer other than ${barred(promotion, version_author)}`;
  const isWeighed = has('gate_failed', 'gate_inconclusive', 'gate_error');
  return [
    ...(isWeighed
      ? [
          [on('evaluate', '--version', 'N'), 'measures another candidate in its place'],
          [
            on('override', '--reason', '…'),
            `lets it pass against its evidence, and is marked for good; by ${other}`,
          ],
        ]
      : []),
    ...(has('approvals_missing') ? [[on('approve'), `approves it; by ${other}`]] : []),
    ...(has('alias_held')
      ? [[typed(['alias', 'release', agent_id, alias], url), 'lets the alias move']]
      : []),
    ...(has('rollout_running')
      ? [
          [
            typed(['rollout', 'status', `${agent_id}@${alias}`], url),
            'says how the rollout in the way stands',
          ],
        ]
      : []),
    withdraw,
  ];
}

/** Those who cannot decide on it, whichever key they use. */
function barred({ author, candidate_version }: PromotionResponse, versionAuthor: string | null): string {
  const asked = `${author.name}, who asked for it`;
  if (versionAuthor === null || versionAuthor === author.name) return asked;
  return `${asked}, and ${versionAuthor}, who wrote version ${candidate_version}`;
}
