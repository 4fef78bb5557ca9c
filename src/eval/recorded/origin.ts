/** What became of the recorded sessions, or turns of them, that were looked at. */
export type Taken = {
  /** How many became cases. */
  readonly taken: number;
  /** How many did not, by the reason. */
  readonly left_out: Readonly<Record<string, number>>;
};

/** Where the cases of a comparison come from, when they are what users said. */
export type ComparisonOrigin = (BacktestOrigin | ShadowOrigin) &
  Taken & {
    /** Whether the recorded answer was taken as the expected one; null when nothing was expected. */
    readonly expected_from: 'recorded' | null;
  };

/** Sessions of a window of time. */
export type BacktestOrigin = {
  readonly type: 'backtest';
  /** The alias that gave them their version; null when any way to it counted. */
  readonly alias: string | null;
  /** RFC 3339; sessions that were made from `from` on and before `to`. */
  readonly from: string;
  readonly to: string;
  /** The most cases that were asked for. */
  readonly limit: number;
};

/** Sessions that a shadow has copied. */
export type ShadowOrigin = { readonly type: 'shadow'; readonly shadow_id: string };
