/** How many models that only users have named are told apart. */
const mostOfUsers = 100;

/** What stands for all the models that are not told apart. */
const otherModel = 'other';

/**
 * Gives models the label that they are counted under. Users choose model ids, and each label costs whoever keeps the
 * metrics; so those that the operator has named come first, and of the others only some that have answered.
 */
export function createModelLabels(isNamed: (model: string) => boolean) {
  const known = new Set<string>();
  let ofUsers = 0;

  return (model: string, hasAnswered: boolean): string => {
    if (known.has(model)) return model;
    const named = isNamed(model);
    if (!named && (!hasAnswered || ofUsers >= mostOfUsers)) return otherModel;
    if (!named) ofUsers++;
    known.add(model);
    return model;
  };
}
