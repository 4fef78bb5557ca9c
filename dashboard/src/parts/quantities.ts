const whole = new Intl.NumberFormat('en');
const money = new Intl.NumberFormat('en', {
  style: 'currency',
  currency: 'USD',
  minimumFractionDigits: 2,
  maximumSignificantDigits: 3,
});

/** A whole number, with its thousands apart. */
export function numberText(value: number): string {
  return whole.format(value);
}

/** US dollars: three digits that count, however small it is. */
export function costText(usd: number): string {
  return usd === 0 ? '$0' : money.format(usd);
}

/** Milliseconds as somebody would say them. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A share from 0 to 1 in percent. */
export function percentText(share: number, digits = 0): string {
  return `${(share * 100).toFixed(digits)} %`;
}

/** A count with its noun: `1 case`, `2 cases`. */
export function counted(count: number, noun: string): string {
  return `${numberText(count)} ${noun}${count === 1 ? '' : 's'}`;
}
