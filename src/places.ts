import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BlobPlace } from './file/open-blobs.ts';
import type { Config } from './settings.ts';
import type { KeptDatabase } from './store/transfer/snapshot.ts';

/** The database of a configuration. */
export function databaseOf(config: Config): KeptDatabase {
  return config.database_url === null
    ? { kind: 'sqlite', folder: config.data_dir }
    : { kind: 'postgres', url: config.database_url };
}

/** The folder of the dashboard's files, which lies the same way up from the sources and from what is built. */
export const dashboardFolder: string = fileURLToPath(new URL('../dist/dashboard/', import.meta.url));

/** Where the bytes of uploaded files are, with a configuration. */
export function blobPlaceOf(config: Config): BlobPlace {
  const { files_url, files_s3_region: region, data_dir } = config;
  if (files_url === null) return { kind: 'folder', folder: join(data_dir, 'files') };
  const { hostname: bucket, pathname } = new URL(files_url);
  const prefix = pathname.replace(/^\/+|\/+$/g, '');
  return {
    kind: 's3',
    endpoint: config.files_s3_endpoint?.replace(/\/+$/, '') ?? `https://s3.${region}.amazonaws.com`,
    region,
    bucket,
    prefix: prefix === '' ? '' : `${prefix}/`,
    access_key_id: config.files_s3_access_key_id ?? '',
    secret_access_key: config.files_s3_secret_access_key ?? '',
  };
}
