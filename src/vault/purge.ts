import type { Actor } from '../access/keys.ts';
import type { Handle } from '../store/dialect.ts';
import { type CredentialRow, updateCredential } from '../store/vaults.ts';
import { type Credential, readCredential } from './credential.ts';
import type { Happenings } from './happenings.ts';
