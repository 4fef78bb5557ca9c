import type { z } from 'zod';
import { PawlError } from '../core/errors.ts';

/** A calculation that the HTTP API and the command line offer alike. */
export type Calculation = {
  /** In kebab-case: the end of its path, and its subcommand. */
  readonly name: string;
  /** One line for a list. */
  readonly title: string;
  /** The papers that the formulas are from. */
  readonly source: string;
  /** The shape of the input; every field has a description. */
  readonly input: z.ZodObject;
  /** An input to try it with. */
  readonly example: Readonly<Record<string, unknown>>;
  /**
   * Checks the input and gives the result as plain JSON, in which null stands for what the data cannot answer.
   * @throws PawlError `invalid_request`, which names the field.
   */
  readonly compute: (input: unknown) => Readonly<Record<string, unknown>>;
};

/** A calculation whose computation is tied to the shape of its input. */
type Definition<Input extends z.ZodObject> = Omit<Calculation, 'input' | 'example' | 'compute'> & {
  readonly input: Input;
  readonly example: z.input<Input>;
  readonly compute: (input: z.output<Input>) => Readonly<Record<string, unknown>>;
};

/** Makes a calculation that checks what it is given. */
export function calculation<Input extends z.ZodObject>(definition: Definition<Input>): Calculation {
  const { input: shape, compute } = definition;
  return {
    ...definition,
    compute: (input) => {
      const parsed = shape.safeParse(input, { error: missing });
      if (parsed.success) return compute(parsed.data);
      throw new PawlError(
        'invalid_request',
        parsed.error.issues.slice(0, mostIssues).map(sentenceOf).join('; '),
      );
    },
  };
}

const mostIssues = 3;
/** Field names come from outside, and may be of any length. */
const longestSentence = 300;

/** Zod calls what is missing undefined, which is no word for whoever types JSON or flags. */
const missing: z.core.$ZodErrorMap = ({ code, input }) =>
  code === 'invalid_type' && input === undefined ? 'must be given' : undefined;

function sentenceOf({ path, message }: z.core.$ZodIssue): string {
  return (path.length === 0 ? message : `${path.join('.')}: ${message}`).slice(0, longestSentence);
}
