import { expect, test } from 'vitest';
import { errorCatalog } from '../src/core/errors.ts';
import { type SettingName, settings } from '../src/settings.ts';
import { cellsUnder } from './openapi/reference-table.ts';

test.each(cellsUnder('limits.md', 'What is limited'))(
  'the page about limits has the setting and the answer of: %s',
  (_what, setting, usual, beyond) => {
    expect(settings[setting as SettingName]?.default).toBe(Number(usual));
    if (beyond !== 'the turn waits')
      expect([429, 529]).toContain(errorCatalog[beyond as 'overloaded'].status);
  },
);
