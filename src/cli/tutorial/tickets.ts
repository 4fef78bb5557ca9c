/** Where the tickets are that come with the tutorial: five for each of four teams, one JSON object on each line. */
export const bundledTickets: URL = new URL('./tickets.jsonl', import.meta.url);

/** Where the tickets are that customers write once a version is live; nobody has labelled them beforehand. */
export const liveTickets: URL = new URL('./live-tickets.jsonl', import.meta.url);
