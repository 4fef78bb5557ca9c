/** Scores in points, a hundred to the full score, as sentences give them: 0.0449 is `4.5`. */
export function points(value: number): string {
  return (value * 100).toFixed(1).replace(/\.0$/, '').replace(/^-0$/, '0');
}

/** A share as a percentage with at most one decimal: 0.95 is `95 %`. */
export function percent(share: number): string {
  return `${points(share)} %`;
}

/** A count with its noun: `1 case`, `2 cases`. */
export function counted(count: number, noun: string, plural: string = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}
