import type { FileRow } from '../store/files.ts';

/** What is known of a file that was uploaded. Whatever its `expires_at` says, it stays until it is deleted. */
export type StoredFile = Omit<FileRow, 'expired'>;

/** What whoever uploads a file says about it. */
export type FileFacts = {
  readonly filename: string;
  readonly mime_type: string;
  /** How long its bytes are kept; null keeps them until the file is deleted. */
  readonly expires_in_seconds: number | null;
};
