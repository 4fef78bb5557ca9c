import type { Compilable, CompiledQuery } from 'kysely';
import type { Handle } from './dialect.ts';

/** Stands for a value that is known only when the query runs. */
class Slot {
  readonly name: PropertyKey;
  constructor(name: PropertyKey) {
    this.name = name;
  }
}

/**
 * A query that is put together once per database and then only run: for the few statements of every session
 * and turn, building the text costs more than the database takes. `build` gets a slot for each name, to use
 * as a value; running it takes the values by those names, or by their places in a list.
 */
export function prepare<A extends object, R>(
  names: readonly (keyof A)[],
  build: (db: Handle, slots: A) => Compilable<R>,
): (db: Handle, values: A) => Promise<R[]> {
  const plans = new WeakMap<object, CompiledQuery>();

  function planFor(db: Handle): CompiledQuery {
    // Handles come and go with transactions; the adapter stays, and the two databases have different ones.
    const { adapter } = db.getExecutor();
    const known = plans.get(adapter);
    if (known !== undefined) return known;
    const slots = Object.fromEntries(names.map((name) => [name, new Slot(name)])) as unknown as A;
    const plan = build(db, slots).compile();
    plans.set(adapter, plan);
    return plan;
  }

  return async (db, values) => {
    const plan = planFor(db);
    const parameters = plan.parameters.map((value) =>
      value instanceof Slot ? values[value.name as keyof A] : value,
    );
    const query = { ...plan, parameters } as CompiledQuery<R>;
    const { adapter } = db.getExecutor();
    return isDirect(adapter) ? adapter.run(query) : (await db.executeQuery<R>(query)).rows;
  };
}

/** An adapter whose database runs a query at once. The way through Kysely takes a dozen promises for each. */
export type DirectAdapter = { run<R>(query: CompiledQuery<R>): Promise<R[]> };

function isDirect(adapter: object): adapter is DirectAdapter {
  return 'run' in adapter;
}

/** The same for statements that come in several shapes, each put together when it is first needed. */
export function prepareShapes<Q>(make: (shape: string) => Q): (shape: string) => Q {
  const queries = new Map<string, Q>();
  return (shape) => {
    const known = queries.get(shape);
    if (known !== undefined) return known;
    const query = make(shape);
    if (queries.size < maxShapes) queries.set(shape, query);
    return query;
  };
}

const maxShapes = 100;
