/**
 * The spelling in which URLs of MCP servers are compared: scheme and host in lower case, no default port, no slash at
 * the end of the path, no fragment. Null when the text is no URL.
 */
export function mcpUrlKey(text: string): string | null {
  const url = URL.parse(text);
  if (url === null) return null;
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/$/, '')}${url.search}`;
}
