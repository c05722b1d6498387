// Which class of a model is which class of a data set: told by names alone.
//
// Numbers are chance, so the order may differ. A class that is labelled and that
// the model cannot find would count as missed everywhere, and that is an error
// of the question, not of the model. What the model finds beyond the classes of
// the data set nobody labelled: it is left out, and said.

/** The classes of a model and of a data set, joined by name. */
export type ClassMatch = {
  /** The number in the model of each class of the data set; -1 where it has none. */
  readonly toModel: readonly number[];
  /** The number in the data set of a class of the model. */
  readonly toData: ReadonlyMap<number, number>;
  /** Names of the model that the data set does not have. */
  readonly beyond: readonly string[];
};

/**
 * Joins classes by name.
 *
 * @param options.used numbers of the data set that are labelled; others need not be in the model
 * @throws RangeError naming both, where a labelled class is not in the model or a name stands twice
 *
 * @example Another order
 * ```ts
 * import { matchClasses } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const { toModel } = matchClasses(["polyp", "forceps"], ["forceps", "polyp"]);
 * deepEqual(toModel, [1, 0]);
 * ```
 */
export function matchClasses(
  dataNames: readonly string[],
  modelNames: readonly string[],
  { used = dataNames.map((_, i) => i) }: { used?: readonly number[] } = {},
): ClassMatch {
  requireOnce(dataNames, used.map((i) => dataNames[i]), "data set");
  requireOnce(modelNames, dataNames, "model");
  const toModel = dataNames.map((name) => modelNames.indexOf(name));
  const unknown = used.filter((i) => toModel[i] < 0);
  if (unknown.length > 0) {
    throw new RangeError(
      `Cannot evaluate: the data set labels ${
        list(unknown.map((i) => dataNames[i]))
      }, which the model does not know; it knows ${
        list(modelNames)
      }, the data set has ${
        list(dataNames)
      }. Names have to be the same, their order need not`,
    );
  }
  const toData = new Map(
    toModel.flatMap((model, data) => model < 0 ? [] : [[model, data] as const]),
  );
  return {
    toModel,
    toData,
    beyond: modelNames.filter((_, i) => !toData.has(i)),
  };
}

/** Throws when one of the wanted names stands twice. */
function requireOnce(
  names: readonly string[],
  wanted: readonly string[],
  what: string,
) {
  const twice = wanted.find((name) =>
    names.indexOf(name) !== names.lastIndexOf(name)
  );
  if (twice === undefined) return;
  throw new RangeError(
    `Cannot evaluate: the ${what} has two classes called ${twice}: ${
      list(names)
    }`,
  );
}

function list(names: readonly string[]): string {
  const some = names.slice(0, 20).join(", ");
  return names.length > 20 ? `${some}, … (${names.length} in all)` : some;
}
