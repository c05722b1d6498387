import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import {
  encodeMaskPng,
  encodePng,
  makeScene,
  openRuntime,
  type Store,
} from "medannotate";
import { importLabels } from "../../../lib/work/import_labels/import_labels.ts";
import { verifyImported } from "../../../lib/work/import_labels/verify_imported.ts";
import { importSequence } from "../../../lib/work/import.ts";
import { listInstalled } from "../../../lib/work/installed_models.ts";
import { openSam2File } from "../../../lib/work/model_file.ts";
import { openDataStore } from "../../../lib/work/open_store.ts";
import { parseSplit } from "../../../lib/work/export/split.ts";
import {
  tuneModel,
  type TuneRequest,
} from "../../../lib/work/tune/tune_model.ts";
import { tunePage } from "../../../lib/work/tune/tune_report.ts";
import { inFolder } from "../../media/temporary_folder.ts";

const side = 64;
const frames = 4;

/** A generated clip of a patient of its own, its first object verified. */
async function addPatient(store: Store, folder: string, seed: number) {
  const scene = makeScene(seed, { side, frames, family: "endoscopy" });
  const { identities } = scene.frames[0];
  const [wanted] = scene.objects
    .map(({ id }) => ({
      id,
      area: identities.data.filter((x) => x === id).length,
    }))
    .sort((a, b) => b.area - a.area);
  for (const [i, frame] of scene.frames.entries()) {
    const name = `${String(i).padStart(5, "0")}.png`;
    const mask = {
      width: side,
      height: side,
      data: frame.identities.data.map((id) => Number(id === wanted.id)),
    };
    for (const part of ["images", "masks"]) {
      await Deno.mkdir(`${folder}/${seed}/${part}`, { recursive: true });
    }
    await Deno.writeFile(
      `${folder}/${seed}/images/${name}`,
      await encodePng(frame.image),
    );
    await Deno.writeFile(
      `${folder}/${seed}/masks/${name}`,
      await encodeMaskPng(mask),
    );
  }
  const { sequence, frames: opened } = await importSequence(
    store,
    `${folder}/${seed}/images`,
    { patient: `P${seed}` },
  );
  await opened.close();
  await importLabels(store, sequence, `${folder}/${seed}/masks`);
  return { sequence, verify: () => verifyImported(store, sequence.id) };
}

Deno.test(
  "tuneModel() learns from verified masks, measures on other patients and installs the model with its parent",
  inFolder(async (folder) => {
    const store = await openDataStore({ folder: `${folder}/data` });
    const runtime = await openRuntime({ device: "cpu", threads: 1 });
    const request = (more: Partial<TuneRequest> = {}): TuneRequest => ({
      out: `${folder}/out`,
      side,
      split: parseSplit("train=0.75,val=0.25"),
      settings: { steps: 6, batch: 2, clipFrames: 2, replay: 0.5 },
      place: { folder: `${folder}/models`, registry: [] },
      model: "tests/golden/sam2/sam2-nano-bootstrap.pt",
      ...more,
    });
    try {
      const verifies = [];
      for (const seed of [3, 5, 8, 13]) {
        verifies.push((await addPatient(store, folder, seed)).verify);
      }
      await rejects(
        tuneModel(store, runtime, request()),
        /hold no verified frame|no verified/,
      );
      for (const verify of verifies) await verify();
      await rejects(
        tuneModel(store, runtime, request({ split: parseSplit("train=1") })),
        /no patient is left to measure on/,
      );

      const tuned = await tuneModel(store, runtime, request());
      equal(tuned.learntFrom.patients, 3);
      equal(tuned.certificate.sharedPatients, 0);
      equal(tuned.steps.length, 6);
      ok(tuned.unseen.length > 0);
      ok(
        tuned.generated.after.score >= tuned.generated.before.score - 0.0101,
        `generated ${tuned.generated.before.score} to ${tuned.generated.after.score}`,
      );
      const [installed] = await listInstalled(request().place!);
      equal(installed.record.id, "sam2-nano-tuned");
      ok("tunedFrom" in installed.record);
      equal(installed.record.tunedFrom?.parentSha256, tuned.parent.sha256);
      const file = openSam2File(installed.path);
      const parent = openSam2File("tests/golden/sam2/sam2-nano-bootstrap.pt");
      deepEqual(file.weights.config.trunk, parent.weights.config.trunk);
      const name = "sam_mask_decoder.iou_token.weight";
      const moved = tuned.shareOfTuned > 0;
      equal(
        file.weights.read(name).data.some((value, i) =>
          value !== parent.weights.read(name).data[i]
        ),
        moved,
      );
      // the encoder stays as it was
      const still = "image_encoder.trunk.patch_embed.proj.weight";
      deepEqual(file.weights.read(still).data, parent.weights.read(still).data);
      file.close();
      parent.close();
      ok(tunePage(tuned).includes("generated scenes"));
    } finally {
      runtime.close();
      await store.close();
    }
  }),
);
