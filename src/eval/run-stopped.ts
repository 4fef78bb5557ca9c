/** Why a run cannot go on. The message is for whoever started it. */
export class RunStoppedError extends Error {}
