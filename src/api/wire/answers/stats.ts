import { z } from 'zod';
import type { StatisticResponse, StatisticResultResponse } from '../../stats.ts';
import { describes, text } from './fields.ts';

const members = z.record(z.string(), z.unknown());

export const statistic = describes<StatisticResponse>()(
  z.object({
    type: z.literal('statistic'),
    name: text.describe('The end of its path.'),
    title: text.describe('What it answers.'),
    source: text.describe('The papers that the formulas are from.'),
    input: members.describe('JSON Schema of what it takes.'),
    example: members.describe('An input to try it with.'),
  }),
).meta({ id: 'Statistic', description: 'A calculation about scores.' });

export const statisticResult = describes<StatisticResultResponse>()(
  z.object({
    type: z.literal('statistic_result'),
    name: text.describe('What was calculated.'),
    result: members.describe('The figures by name; null stands for what the data cannot answer.'),
  }),
).meta({ id: 'StatisticResult', description: 'What a calculation gave.' });
