// Checking installed models: the same bytes as when they came, and every value readable.

import { messageOf, throwIfCancelled } from "../base/errors.ts";
import { type OnProgress, startProgress } from "../base/progress.ts";
import {
  findInstalled,
  type InstalledModel,
  listInstalled,
  type ModelPlace,
  ownModels,
} from "./installed_models.ts";
import { sha256OfFile } from "./model_file.ts";
import { recogniseModel } from "./recognise_model.ts";

/** What is wrong with an installed model; nothing when all is well. */
export type ModelCheck = {
  readonly id: string;
  readonly path: string;
  readonly sha256: string | undefined;
  readonly problems: readonly string[];
};

/**
 * Checks one installed model, or all of them: checksum, network, finite values.
 *
 * @throws RangeError for an id that is not installed
 */
export async function checkModels(
  id?: string,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: OnProgress } =
    {},
  place: ModelPlace = ownModels,
): Promise<readonly ModelCheck[]> {
  const models = id === undefined
    ? await listInstalled(place)
    : [await getInstalled(id, place)];
  const report = startProgress("check models", models.length, { onProgress });
  const checks: ModelCheck[] = [];
  for (const model of models) {
    throwIfCancelled(signal, `check at model ${model.record.id}`);
    checks.push(await checkModel(model));
    report(checks.length);
  }
  return checks;
}

async function getInstalled(id: string, place: ModelPlace) {
  const model = await findInstalled(id, place);
  if (model) return model;
  const installed = await listInstalled(place);
  throw new RangeError(
    `Model ${id} is not installed, expected one of ${
      installed.map(({ record }) => record.id).join(", ")
    }`,
  );
}

async function checkModel(
  { record, path }: InstalledModel,
): Promise<ModelCheck> {
  const problems: string[] = [];
  const sha256 = await sha256OfFile(path).catch((error) => {
    problems.push(`cannot be read: ${messageOf(error)}`);
    return undefined;
  });
  if (sha256 && record.sha256 && sha256 !== record.sha256) {
    problems.push(`has sha256 ${sha256}, expected ${record.sha256}`);
  }
  const found = sha256 && await recogniseModel(path).catch((error) => {
    problems.push(messageOf(error));
    return undefined;
  });
  for (const key of ["family", "size", "imageSize"] as const) {
    if (!found || found[key] === record[key]) continue;
    problems.push(`its ${key} is ${found[key]}, expected ${record[key]}`);
  }
  return { id: record.id, path, sha256, problems };
}
