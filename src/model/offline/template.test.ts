import { describe, expect, it } from 'vitest';
import { findTemplate } from './template.ts';

const labelsIn = (prompt: string): readonly string[] | null => {
  const template = findTemplate(prompt);
  return template?.render === 'label' ? template.field.labels : null;
};

describe('a JSON template', () => {
  it('gives its keys in order, with label sets, free placeholders and constants', () => {
    const prompt =
      'Reply in one line:\n{"mood": "<happy | sad>", "ok": <true|false>, "why": "<short reason>", "v": 2}';
    expect(findTemplate(prompt)).toEqual({
      render: 'json',
      fields: [
        { kind: 'labels', name: 'mood', labels: ['happy', 'sad'], quoted: true },
        { kind: 'labels', name: 'ok', labels: ['true', 'false'], quoted: false },
        { kind: 'free', name: 'why', hint: 'short reason', quoted: true },
        { kind: 'constant', name: 'v', json: '2' },
      ],
    });
  });

  it('is told from an example answer, which has no placeholder', () => {
    const template = findTemplate('Example: {"queue": "north"}\nFormat: {"queue": "<north|south>"}');
    expect(template).toMatchObject({ fields: [{ name: 'queue', labels: ['north', 'south'] }] });
  });

  it('takes the label set of a field from the prose when the placeholder only names it', () => {
    const prompt =
      'Answer as {"queue": "<queue>", "note": "<note>"}.\nThe queue is one of: red, green or blue.';
    expect(findTemplate(prompt)).toMatchObject({
      fields: [{ labels: ['red', 'green', 'blue'] }, { kind: 'free', name: 'note' }],
    });
  });

  it.each([
    '{"a": "<b|c>"',
    '{"a" "<b|c>"}',
    '{a: <b',
    '{"a": [1]}',
    '{"a": "plain"}',
    '{}',
    '{"a\n": "<b>"}',
  ])('is not seen in %j', (prompt) => {
    const template = findTemplate(prompt);
    expect(template === null || template.render === 'label').toBe(true);
  });

  it('reads the other ways of writing alternatives', () => {
    const template = findTemplate(
      '{"a": "<x/y>", "b": "<one of: low, high>", "c": "on|off", "d": "...", "e": <n>, "f": "p" |\n "q"|"r"}',
    );
    expect(template).toMatchObject({
      fields: [
        { labels: ['x', 'y'] },
        { labels: ['low', 'high'] },
        { labels: ['on', 'off'] },
        { kind: 'free', quoted: true },
        { kind: 'free', quoted: false },
        { labels: ['p', 'q', 'r'], quoted: true },
      ],
    });
  });
});

describe('a bare label set', () => {
  it.each([
    ['Answer with one of: positive, negative, neutral.', 'positive negative neutral'],
    ['Respond with exactly one word: spam or ham', 'spam ham'],
    ['Classify the review as good, bad or mixed. Be strict.', 'good bad mixed'],
    ['Is it urgent? Reply with yes or no only.', 'yes no'],
    ['Reply with "hot", "warm", or "cold".', 'hot warm cold'],
    ['Output exactly one label: SPAM | HAM', 'SPAM HAM'],
    ['Choose one of these categories:\n- north: snow\n- south — sun\n\nBe brief.', 'north south'],
    ['Use one of the following labels: `a-1`, `b-2` and `c-3`.', 'a-1 b-2 c-3'],
    ['Return one of the labels (a1, b2, c3).', 'a1 b2 c3'],
    ['Choose one of: spam (offers, prizes), ham (all else).', 'spam ham'],
    ['Write <left|right> and nothing else.', 'left right'],
    ['The categories are: sports, politics, and tech.', 'sports politics tech'],
  ])('is read from %j', (prompt, labels) => {
    expect(labelsIn(prompt)).toEqual(labels.split(' '));
  });

  it.each([
    '',
    'You are a helpful assistant. Answer briefly or say that you do not know.',
    'Answer in English or French.',
    'Respond with ONLY a single line of raw JSON (no code fences, no prose):',
    'Reply to the customer, and if you cannot, or when in doubt, say so.',
    'Return only <b>bold</b> text.',
  ])('is not seen in %j', (prompt) => {
    expect(findTemplate(prompt)).toBeNull();
  });
});
