import { deepEqual, equal, rejects } from "node:assert/strict";
import { listMasks, openDataStore, saveMask } from "medannotate";
import { addAnnotation } from "../../lib/work/annotate.ts";
import { propagateSequence } from "../../lib/work/propagate.ts";
import { replaySequence } from "../../lib/work/replay.ts";
import { readMaskBitmap } from "../../lib/store/masks.ts";
import { onClip, onPolyp, onWall, openSmallModel } from "./small_clip.ts";

const model = await openSmallModel();

Deno.test(
  "replaySequence() refuses a sequence without prompts and drawn masks",
  onClip(model, async ({ store, annotator, folder }) => {
    const { sequence } = annotator.writer;
    const other = await openDataStore({ folder: `${folder}/other` });
    await rejects(
      replaySequence({ store, sequence }, { store: other, model }),
      /has no prompt and no drawn mask/,
    );
    await other.close();
  }),
);

Deno.test(
  "replaySequence() takes drawn masks along, and leaves accepted ones of the first model",
  onClip(model, async ({ store, annotator, folder, objectId }) => {
    const { writer, writer: { sequence } } = annotator;
    const polyp = await objectId(1);
    const wall = await objectId(2);
    const click = await addAnnotation(
      annotator,
      { objectId: polyp, frame: 2 },
      onPolyp,
    );
    await addAnnotation(annotator, { objectId: wall, frame: 5 }, onWall);
    const bitmap = readMaskBitmap(click);
    const drawn = { objectId: polyp, bitmap, origin: "drawn" } as const;
    await saveMask(writer, { ...drawn, frame: 8 });
    await saveMask(writer, { ...drawn, objectId: wall, frame: 5 }); // over the answer
    await propagateSequence(annotator);

    const other = await openDataStore({ folder: `${folder}/other` });
    const result = await replaySequence({ store, sequence }, {
      store: other,
      model,
    });
    equal(result.prompts, 2);
    const read = async (from: typeof other, id: number) =>
      (await listMasks(from, id)).map(({ frame, origin, counts }) =>
        `${frame} ${origin} ${counts}`
      );
    deepEqual(
      await read(other, result.sequence.id),
      await read(store, sequence.id),
    );
    await other.close();
  }),
);

Deno.test("the model of these tests is closed", () => model.close());
