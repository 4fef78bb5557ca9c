/** A command as the user can type it, at the server that was named; nothing is added for undefined. */
export function typed(words: readonly string[], url?: string): string {
  const all = ['pawl', ...words, ...(url === undefined ? [] : ['--url', url])];
  return `\`${all.map(quoted).join(' ')}\``;
}

/** As a shell reads it back. */
function quoted(word: string): string {
  return /^[\w./:@%+=…-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
