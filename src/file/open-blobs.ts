import type { Blobs } from './blobs.ts';
import { createFolderBlobs, createTemporaryBlobs } from './folder-blobs.ts';
import type { S3Place } from './s3-blobs.ts';

/** Where bytes are to lie: in a folder that goes away with the server, in one that stays, or in a bucket. */
export type BlobPlace =
  | { readonly kind: 'temporary' }
  | { readonly kind: 'folder'; readonly folder: string }
  | ({ readonly kind: 's3' } & S3Place);

/** Opens a place for bytes. Nothing is touched before the first of them comes. */
export async function openBlobs(place: BlobPlace): Promise<Blobs> {
  if (place.kind === 'temporary') return createTemporaryBlobs();
  if (place.kind === 'folder') return createFolderBlobs(place.folder);
  // Loaded only where it is used: most servers keep files in a folder.
  const { createS3Blobs } = await import('./s3-blobs.ts');
  return createS3Blobs(place);
}
