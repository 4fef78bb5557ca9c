import { noTracer, type Telemetry } from '../src/core/telemetry.ts';

const nothing = (): void => {};

/** For rooms that are tried by themselves: what they tell is heard by nobody. */
export const noTelemetry: Telemetry = {
  elapsed: () => 0,
  tracer: noTracer,
  metrics: {
    ...{ answered: nothing, streamOpened: nothing, streamClosed: nothing },
    ...{ turnBegan: nothing, turnLeft: nothing, turnEnded: nothing },
    ...{ modelAnswered: nothing, modelRetried: nothing, modelPaid: nothing, toolCalled: nothing },
    ...{ deliveryTried: nothing, caseDone: nothing, rolloutLooked: nothing },
    ...{ databaseWritten: nothing, databaseFailed: nothing },
  },
};
