import { expect, test } from 'vitest';
import type { Budget } from '../core/budget.ts';
import type { SessionRow } from '../store/sessions.ts';
import { sampleConfig } from '../agent/samples.ts';
import { sampleSession } from '../store/store.testsuite.ts';
import { decideUpdate } from './updating.ts';
