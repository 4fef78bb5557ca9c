import type { CaseResponse } from '../../../src/api/wire/datasets.ts';
import { valueText } from '../parts/typed-value.ts';

type Asked = Pick<CaseResponse, 'input' | 'fields'>;

/** What a case asks, on one line: its input, or the fields that a message is made of. */
export function inputLine({ input, fields }: Asked): string {
  if (input === null)
    return Object.entries(fields)
      .map(([name, value]) => `${name}: ${valueText(value)}`)
      .join(' · ');
  if (typeof input === 'string') return input;
  const last = input.at(-1)?.content ?? '';
  return input.length === 1 ? last : `${last} (after ${input.length - 1} earlier messages)`;
}
