import { sha256 } from '../core/canonical.ts';
import { PawlError } from '../core/errors.ts';
import { copyKey } from '../core/session.ts';
import type { Case } from './case.ts';
import { follow, parsePath } from './json-path.ts';
import { textOf } from './values.ts';

/** What a case says to the agent: one user message. */
export type Message = {
  readonly text: string;
  /** SHA-256 in hexadecimal: of the text, and of which session it is said in a copy of. */
  readonly hash: string;
  /** The session whose recorded answers take the place of tools; null lets tools run. */
  readonly copy_of: string | null;
};

const placeholder = /\{\{([^{}]*)\}\}/g;

/**
 * Prepares the making of messages out of cases. Every `{{name}}` of the template is replaced by a field of the case,
 * or by what a path such as `customer.name` leads to in its fields, or else by its `id`, `input` or `group`; a value
 * that is not text is put in as JSON. A null template takes the case's input.
 *
 * A session takes user messages only, so a chat becomes one message: the turns before the last one as a transcript
 * that says who spoke, and then the last one. The agent reads what was said, but has not said it itself.
 * @throws PawlError `invalid_request` when the template is malformed or asks for the target; so does the function that
 *   is returned, for a case that lacks what is asked for or would make an empty message.
 */
export function createRenderer(template: string | null): (one: Case) => Message {
  if (template !== null) checkTemplate(template);
  return (one) => {
    const text =
      template === null
        ? textOfInput(one)
        : template.replace(placeholder, (_, name: string) => textOfField(one, name.trim()));
    if (text.trim() === '') throw unusable(one, 'its message is empty');
    const copied = one.fields[copyKey];
    if (typeof copied !== 'string' || copied === '') return { text, hash: sha256(text), copy_of: null };
    // No message has the hash of another without a copy: none holds the character NUL.
    return { text, hash: sha256(`copy\0${copied}\0${text}`), copy_of: copied };
  };
}

function checkTemplate(template: string): void {
  if (template.replace(placeholder, '').includes('{{'))
    throw malformed('{{ must be followed by a name and }}');
  const names = [...template.matchAll(placeholder)].map(([, name = '']) => name.trim());
  if (names.includes('')) throw malformed('{{}} must have a name in it');
  if (names.some((name) => parsePath(name)?.[0] === 'target')) {
    throw malformed('{{target}} is not allowed: it would tell the agent what is expected of it');
  }
}

function textOfField(one: Case, name: string): string {
  if (Object.hasOwn(one.fields, name)) return textOf(one.fields[name] ?? null);
  const path = parsePath(name);
  const found = path === null ? undefined : follow(one.fields, path);
  if (found !== undefined) return textOf(found);
  if (name === 'id') return one.id;
  if (name === 'input') return textOfInput(one);
  if (name === 'group' && one.group !== null) return one.group;
  throw unusable(one, `the message asks for {{${name}}}, which it does not have`);
}

function textOfInput(one: Case): string {
  if (one.input === null) throw unusable(one, 'it has no input, and the eval has no message template');
  if (typeof one.input === 'string') return one.input;
  const last = one.input.at(-1);
  if (last?.role !== 'user') throw unusable(one, 'its chat does not end with a message of the user');
  const before = one.input.slice(0, -1);
  if (before.length === 0) return last.content;
  const turns = before.map(({ role, content }) => `${role === 'user' ? 'User' : 'Assistant'}: ${content}`);
  return ['The conversation so far:', ...turns, 'The message to answer now:', last.content].join('\n\n');
}

function malformed(why: string): PawlError {
  return new PawlError('invalid_request', `message: ${why}`);
}

function unusable(one: Case, why: string): PawlError {
  return new PawlError('invalid_request', `case ${one.id}: ${why}`);
}
