import { expect, test } from 'vitest';
import { chanceText, changeText, pointsText } from './words.ts';

test('differences are said in points of a hundred, with their sign', () => {
  expect([0.0312, -0.25, 0].map(pointsText)).toEqual(['+3.1 points', '−25.0 points', '0.0 points']);
});

test('changes are said in percent of what was there', () => {
  expect([0.5, -0.021].map(changeText)).toEqual(['+50.0 %', '−2.1 %']);
});

test('chances that are too small to be read are said to be so', () => {
  expect([1, 0.04321, 0.00000001].map(chanceText)).toEqual(['1', '0.0432', 'below 0.001']);
});
