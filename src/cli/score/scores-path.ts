/** Where the API has the scores of a session. */
export function scoresPath(sessionId: string): string {
  return `/pawl/v1/sessions/${encodeURIComponent(sessionId)}/scores`;
}
