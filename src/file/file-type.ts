/** Types that are known by the ends of names, the usual one first. */
const extensions: Readonly<Record<string, readonly string[]>> = {
  'application/pdf': ['pdf'],
  'image/png': ['png'],
  'image/jpeg': ['jpg', 'jpeg'],
  'image/gif': ['gif'],
  'image/webp': ['webp'],
  'text/plain': ['txt', 'log'],
  'text/markdown': ['md'],
  'text/csv': ['csv'],
  'text/html': ['html', 'htm'],
  'application/json': ['json'],
  'application/zip': ['zip'],
};

const unknownType = 'application/octet-stream';
const unnamed = 'unnamed';

/** Whether a text is a MIME type without parameters. */
export function isMimeType(text: string): boolean {
  return /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/.test(text);
}

/**
 * The type that a file is kept with: the declared one, unless that says no more than that there are bytes, as it does
 * where clients open a file by its path; then the end of its name decides.
 */
export function fileTypeOf({ declared, filename }: { declared: string; filename: string }): string {
  if (declared !== unknownType) return declared;
  const end = /\.(\w+)$/.exec(filename)?.[1]?.toLowerCase();
  const known = Object.entries(extensions).find(([, ends]) => end !== undefined && ends.includes(end));
  return known?.[0] ?? declared;
}

/**
 * The name that a file is kept with: the last component of a path, of whichever system, or one that its type gives when
 * nothing of it is left.
 */
export function fileNameOf({ given, declared }: { given: string | null; declared: string }): string {
  const name = given?.split(/[/\\]/).at(-1)?.trim() ?? '';
  if (name !== '' && name !== '.' && name !== '..') return name;
  const end = extensions[declared]?.[0];
  return end === undefined ? unnamed : `${unnamed}.${end}`;
}
