import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tags } from '../src/api/openapi/operation.ts';
import { operations } from '../src/api/openapi/operations.ts';
import { exitMeanings } from '../src/cli/exit-codes.ts';
import { pathOf, withSubcommands } from '../src/cli/manners.ts';
import { createProgram } from '../src/cli/program.ts';
import { clientVariables } from '../src/config.ts';
import { errorCatalog } from '../src/core/errors.ts';
import { type SettingName, settings } from '../src/settings.ts';
import { registeredRoutes } from './registered-routes.ts';

/*
 * The goal: the reference says what is so. The method: the rows that the code calls for are put together here and
 * must be the rows of the page, all of them, in the same order, and no others.
 */

/** The rows of the first table under a heading, without its two lines of head. */
function tableUnder(page: string, heading: string): string[] {
  const text = readFileSync(join(import.meta.dirname, '../docs/reference', page), 'utf8');
  const section = text.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`${page} has no heading "${heading}"`);
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2);
}

const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const code = (text: string): string => `\`${text}\``;
const escaped = (text: string): string => text.replaceAll('|', '\\|');

describe('configuration.md', () => {
  test('has every setting with its variable, default, flag and meaning, and no other', () => {
    const rows = (Object.keys(settings) as SettingName[]).map((name) => {
      const setting = settings[name];
      const fallback = 'fallback_env' in setting ? `, else ${code(setting.fallback_env)}` : '';
      const usual = setting.default === null ? '' : code(String(setting.default));
      const flag = 'secret' in setting ? '' : code(`--${name.replaceAll('_', '-')}`);
      return row(code(name), code(setting.env) + fallback, setting.expects, usual, flag, setting.help);
    });
    expect(tableUnder('configuration.md', 'Settings of the server')).toEqual(rows);
  });

  test('has every other variable that is read, and no other', () => {
    const rows = Object.entries(clientVariables).map(([name, help]) => row(code(name), help));
    expect(tableUnder('configuration.md', 'Variables of the other commands')).toEqual(rows);
  });
});

describe('command-line.md', () => {
  const commands = withSubcommands(createProgram());

  test('has a heading for every command, and for no other', () => {
    const text = readFileSync(join(import.meta.dirname, '../docs/reference/command-line.md'), 'utf8');
    const headings = [...text.matchAll(/^## (pawl.*)$/gm)].map((match) => match[1]);
    expect(headings).toEqual(commands.map(pathOf));
  });

  test.each(commands.map((command) => [pathOf(command), command] as const))(
    'has every argument and option of %s, and no other',
    (path, command) => {
      const rows = [
        ...command.registeredArguments.map((one) => row(code(`<${one.name()}>`), one.description)),
        ...command.options.map((option) => {
          const choices =
            option.argChoices === undefined ? '' : `: ${option.argChoices.map(code).join(' or ')}`;
          const usual =
            option.defaultValue === undefined ? '' : ` (default ${code(String(option.defaultValue))})`;
          return row(code(option.flags), escaped(option.description) + choices + usual);
        }),
      ];
      expect(tableUnder('command-line.md', path)).toEqual(rows);
    },
  );

  test('has every exit code, and no other', () => {
    const rows = Object.entries(exitMeanings).map(([number, meaning]) => row(code(number), meaning));
    expect(tableUnder('command-line.md', 'Exit codes')).toEqual(rows);
  });
});

describe('errors.md', () => {
  test('has every error code with its status, type and meaning, and no other', () => {
    const rows = Object.entries(errorCatalog).map(([name, entry]) => {
      const again = 'retry' in entry ? 'no' : '';
      return row(code(name), String(entry.status), code(entry.type), again, entry.meaning);
    });
    expect(tableUnder('errors.md', 'Codes')).toEqual(rows);
  });
});

describe('api.md', () => {
  test('has a heading for everything that operations are about, in order, and no other', () => {
    const text = readFileSync(join(import.meta.dirname, '../docs/reference/api.md'), 'utf8');
    expect([...text.matchAll(/^## (.*)$/gm)].map((match) => match[1])).toEqual(Object.keys(tags));
  });

  test.each(Object.keys(tags))('has every operation about %s with its summary, and no other', (tag) => {
    const told = Object.values(operations).filter((one) => one.tag === tag);
    expect(tableUnder('api.md', tag)).toEqual(told.map((one) => row(code(one.route), one.summary)));
  });

  test('has every route that the server has under /pawl/v1', async () => {
    const text = readFileSync(join(import.meta.dirname, '../docs/reference/api.md'), 'utf8');
    const named = [...text.matchAll(/^\| `((?:GET|POST|DELETE) [^`]+)` \|/gm)].map((match) => match[1]);
    const ours = (await registeredRoutes()).filter(({ url }) => url.startsWith('/pawl/v1/'));
    expect(named.toSorted()).toEqual(ours.map(({ method, url }) => `${method} ${url}`).toSorted());
  });
});
