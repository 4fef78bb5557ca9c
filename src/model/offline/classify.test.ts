import { describe, expect, it } from 'vitest';
import { classify, profileOf } from './classify.ts';
import { readInput } from './input.ts';
import { findTemplate, type LabelField } from './template.ts';

const none: ReadonlySet<string> = new Set();

const fieldOf = (prompt: string): LabelField => {
  const template = findTemplate(prompt);
  const fields = template?.render === 'json' ? template.fields : [template?.field];
  const found = fields.find((field) => field?.kind === 'labels');
  if (found === undefined) throw new Error('the prompt states no label set');
  return found;
};

const label = (prompt: string, text: string): string =>
  classify(readInput(text), profileOf(prompt, fieldOf(prompt)), none).label;

describe('descriptions in the prompt', () => {
  it.each([
    'Choose one of these:\n- team-a: trains, tracks\n- team-b: boats, harbours (not trains)',
    'Choose one of these:\n1. team-a — anything on trains\n2. team-b — boats and harbours, not trains',
    '{"t": "<team-a|team-b>"}\nteam-a handles trains; team-b covers boats and harbours.',
    'Answer with one of: team-a (trains), team-b (boats, harbours).',
  ])('tell opaque labels apart in %j', (prompt) => {
    expect(label(prompt, 'The train stood still.')).toBe('team-a');
    expect(label(prompt, 'A boat left the harbour.')).toBe('team-b');
  });

  it('lend a label the vocabulary of the concepts that they name', () => {
    const prompt = 'Choose one of these:\n- blue: shipping\n- red: login and access';
    expect(label(prompt, 'The parcel is with the courier.')).toBe('blue');
    expect(label(prompt, 'I forgot my password.')).toBe('red');
  });

  it('weigh more than general vocabulary', () => {
    const prompt = '{"t": "<billing|auth>"}\nbilling: invoices\nauth: sign-in, and every refund';
    expect(label(prompt, 'A refund, please.')).toBe('auth');
    expect(label('{"t": "<billing|auth>"}', 'A refund, please.')).toBe('billing');
  });
});

describe('examples in the prompt', () => {
  it.each([
    'Answer with one of: x1, x2\n\nText: The tulips wilt.\nLabel: x1\n\nText: My tractor broke.\nLabel: x2',
    'Answer with one of: x1, x2\n"The tulips wilt" -> x1\n"My tractor broke" -> x2',
    '{"k": "<x1|x2>", "p": "<u|v>"}\nInput: The tulips wilt.\nOutput: {"k": "x1", "p": "u"}\nInput: My tractor broke.\n' +
      'Output: {"k": "x2", "p": "v"}',
    'Answer with one of: x1, x2\nTicket: The tulips wilt.\nThey are new.\nTeam: x1\nPriority: P1\nTicket: My tractor broke.\nTeam: x2',
  ])('teach labels in %j', (prompt) => {
    expect(label(prompt, 'A tractor in the field')).toBe('x2');
    expect(label(prompt, 'Yellow tulips')).toBe('x1');
  });
});

describe('general vocabulary', () => {
  it.each([
    ['negative', 'The worst phone that I ever had, a waste.'],
    ['positive', 'Great sound, and so easy to set up. Love it!'],
    ['negative', 'Not good, and I was never happy with it.'],
    ['positive', 'Not bad, not terrible either.'],
    ['neutral', 'It came on Tuesday in a brown box.'],
  ])('hears a %s mood', (mood, review) => {
    expect(label('Answer with one of: positive, negative, neutral.', review)).toBe(mood);
    expect(label('Say how it sounds: <neutral|negative|positive>', review)).toBe(mood);
  });

  it.each([
    ['spam', 'Congratulations! You were selected to claim a free prize, click here now'],
    ['ham', 'The minutes of the meeting are attached. Lunch tomorrow?'],
    ['ham', 'Can you pick up the children?'],
  ])('knows %s', (kind, mail) => {
    expect(label('Respond with exactly one word: spam or ham', mail)).toBe(kind);
  });

  it.each([
    ['P1', 'Total outage in production, all of our customers are blocked'],
    ['P2', 'The report sometimes has the wrong title'],
    ['P3', 'Just wondering: there is a typo on the start page, no rush'],
  ])('gives %s by how urgent a text sounds', (level, text) => {
    expect(label('{"priority": "<P1|P2|P3>"}', text)).toBe(level);
    const named = { P1: 'high', P2: 'medium', P3: 'low' }[level];
    expect(label('{"urgency": "<low|medium|high>"}', text)).toBe(named);
  });

  it.each([
    ['shipping', 'The courier lost my parcel and the tracking number is dead'],
    ['feature-request', 'It would be great to have support for tags, please add it'],
    ['bug', 'The app crashes with an exception when I rotate it'],
    ['sales', 'We would like a demo and a quote for two hundred seats'],
    ['security', 'I think there is a vulnerability that exposes session cookies'],
    ['other', 'Hello there'],
  ])('knows what belongs to %s', (team, text) => {
    const prompt = '{"queue": "<shipping|feature-request|bug|sales|security|other>"}';
    expect(label(prompt, text)).toBe(team);
  });
});

describe('the choice', () => {
  const prompt = '{"t": "<zig|zag|zog>"}';
  const profile = profileOf(prompt, fieldOf(prompt));

  it('falls on the first label when nothing speaks for any', () => {
    expect(classify(readInput('hello'), profile, none)).toEqual({ label: 'zig', words: [] });
  });

  it('passes over forbidden labels unless all of them are', () => {
    expect(classify(readInput('zig'), profile, new Set(['zig'])).label).toBe('zag');
    expect(classify(readInput('zag'), profile, new Set(['zig', 'zag', 'zog'])).label).toBe('zag');
  });

  it('gives the subject line a little more weight', () => {
    expect(classify(readInput('Subject: zog\n\nzig'), profile, none)).toEqual({
      label: 'zog',
      words: ['zog'],
    });
    expect(classify(readInput('zog\n\nzig'), profile, none).label).toBe('zig');
  });
});
