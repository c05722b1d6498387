// Proposals of a detector in the annotator: shown, verified, deleted, undone.

import { deepEqual, equal } from "node:assert/strict";
import { createBitmap } from "medannotate";
import { viewFrame } from "../../lib/api/views.ts";
import { saveMask } from "../../lib/store/masks.ts";
import { frameSize } from "../work/small_clip.ts";
import { openDeskTests, type SmallDesk } from "./small_desk.ts";

const { deskTest } = await openDeskTests();

/** An object with detected masks on frames 2 to 5. */
async function detected({ annotator, newObject }: SmallDesk): Promise<number> {
  const objectId = await newObject();
  for (let frame = 2; frame <= 5; frame++) {
    const bitmap = createBitmap(frameSize);
    bitmap.data.fill(1, 1000, 1040);
    await saveMask(annotator.writer, {
      ...{ objectId, frame, bitmap, origin: "detected" },
      ...{ presenceScore: 0.8, modelSha256: "detector" },
    });
  }
  return objectId;
}

deskTest(
  "viewFrame() shows a detected mask, and its lane says so",
  async (desk) => {
    const objectId = await detected(desk);
    const { masks } = await viewFrame(desk.desk, 3);
    deepEqual(
      masks.map(({ objectId, origin, verified, areaPx }) => ({
        objectId,
        origin,
        verified,
        areaPx,
      })),
      [{ objectId, origin: "detected", verified: false, areaPx: 40 }],
    );
    equal(await desk.lane(objectId), "..bbbb......");
  },
);

deskTest(
  "doAction() verifies and deletes detected masks, and takes it back",
  async (desk) => {
    const objectId = await detected(desk);
    const on = (from: number, to = from) => ({ objectId, from, to });
    await desk.act({ kind: "verify", ...on(2, 3), verified: true });
    equal(await desk.lane(objectId), "..vvbb......");
    await desk.act({ kind: "deleteMasks", ...on(5) });
    equal(await desk.lane(objectId), "..vvb.......");
    await desk.act({ kind: "undo" });
    equal(await desk.lane(objectId), "..vvbb......");
    await desk.act({ kind: "undo" });
    equal(await desk.lane(objectId), "..bbbb......");
  },
);

deskTest(
  "propagation starts from detected masks that were verified, and keeps the others",
  async (desk) => {
    const objectId = await detected(desk);
    await desk.act({
      ...{ kind: "verify", objectId, from: 3, to: 3, verified: true },
    });
    await desk.desk.propagation.start({ mode: "both", frame: 3 });
    while (desk.desk.propagation.view().status === "running") {
      await desk.desk.nextNews(50);
    }
    const lane = await desk.lane(objectId);
    deepEqual(lane.slice(2, 6), "bvbb"); // proposals are not overwritten
    equal(/[.]/.test(lane), false, lane);
  },
);
