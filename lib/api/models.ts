// The models that a person can choose between in the annotator: the SAM 2 models
// that are installed, and the one that the server was started with.
//
// Where and how a model runs is not decided here: whoever starts the server hands
// in the function that opens one.

import { messageOf } from "../base/errors.ts";
import {
  findInstalled,
  type InstalledModel,
  listInstalled,
  type ModelPlace,
  ownModels,
} from "../work/installed_models.ts";
import type { OpenModel } from "../work/open_model.ts";
import type { ModelChoiceView, ModelsView } from "./contract.ts";

/** What it takes to change the model; without `openModel` it stays the same. */
export type ModelChanges = {
  /** Opens an installed model by its id. */
  readonly openModel?: (id: string) => Promise<OpenModel>;
  /** Where models are installed; default MedAnnotate's own folder. */
  readonly place?: ModelPlace;
};

/** What can be chosen; `trouble` says why some of it could not be listed. */
export type ModelChoices = Pick<ModelsView, "models" | "modelsTrouble">;

/** Lists the models that can be chosen; none where the model cannot be changed. */
export async function listChoices(
  first: OpenModel,
  { openModel, place = ownModels }: ModelChanges,
): Promise<ModelChoices> {
  if (!openModel) return { models: [], modelsTrouble: null };
  try {
    const models = (await listInstalled(place)).filter(isSam2).map(viewChoice);
    const isListed = models.some(({ id }) => id === first.id);
    return {
      models: isListed ? models : [viewOpen(first), ...models],
      modelsTrouble: null,
    };
  } catch (error) { // one damaged record, which must not keep the page away
    return { models: [viewOpen(first)], modelsTrouble: messageOf(error) };
  }
}

/**
 * Opens the model that was chosen; the one that the server was started with is
 * open already.
 *
 * @throws RangeError for an id that is not installed, or not a SAM 2
 */
export async function openChosen(
  id: string,
  first: OpenModel,
  { openModel, place = ownModels }: ModelChanges,
): Promise<OpenModel> {
  if (!openModel) {
    throw new RangeError(
      `Cannot change to model ${id}: this server only has ${first.id}`,
    );
  }
  if (id === first.id) return first;
  const found = await findInstalled(id, place);
  if (!found || !isSam2(found)) {
    const { models } = await listChoices(first, { openModel, place });
    const what = found ? "finds boxes, it is no SAM 2" : "is not installed";
    throw new RangeError(
      `Cannot change to model ${id}: it ${what}. Expected one of ${
        models.map(({ id }) => id).join(", ")
      }`,
    );
  }
  return await openModel(id);
}

function isSam2({ record }: InstalledModel): boolean {
  return record.family !== "yolo";
}

function viewChoice({ record }: InstalledModel): ModelChoiceView {
  const { id, imageSize: side, licence } = record;
  const isTuned = "tunedFrom" in record && record.tunedFrom !== undefined;
  return { id, side, licence, isTuned };
}

/** A checkpoint that was given as a file, which no record tells about. */
function viewOpen({ id, engine, licence }: OpenModel): ModelChoiceView {
  return { id, side: engine.config.imageSize, licence, isTuned: false };
}
