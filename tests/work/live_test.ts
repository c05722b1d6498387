import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { readMask } from "../../lib/media/image.ts";
import { readMaskBitmap } from "../../lib/store/masks.ts";
import { addAnnotation } from "../../lib/work/annotate.ts";
import { watchLive } from "../../lib/work/live.ts";
import { openModel } from "../../lib/work/open_model.ts";
import { propagateSequence } from "../../lib/work/propagate.ts";
import { onClip, onPolyp } from "./small_clip.ts";

const model = await openModel({
  size: 64,
  device: "cpu",
  keepFeatures: false, // live features are in full precision too
});
Deno.test.afterAll(() => model.close());

Deno.test(
  "watchLive() gives the masks that propagating forward gives",
  onClip(model, async ({ annotator, folder, objectId, masks }) => {
    await addAnnotation(
      annotator,
      { objectId: await objectId(1), frame: 0 },
      onPolyp,
    );
    await propagateSequence(annotator, { direction: "forward" });
    const prompts = `${folder}/prompts.json`;
    const entry = { object: 1, frame: 0, ...onPolyp };
    await Deno.writeTextFile(prompts, JSON.stringify({ prompts: [entry] }));
    const out = `${folder}/live`;
    const done = await watchLive(model, {
      source: `${folder}/frames`,
      prompts,
      out,
      idleMs: 200,
    });
    deepEqual([done.frames, done.dropped], [12, 0]);
    ok(done.latencyMs.median > 0 && done.latencyMs.worst < 5000);
    const rows = (await Deno.readTextFile(`${out}/live.jsonl`)).trim()
      .split("\n").map((line) => JSON.parse(line));
    equal(rows.length, 12);
    for (const { frame, areaPx } of rows.slice(0, 2)) {
      const stored = [...(await masks()).values()]
        .find((mask) => mask.frame === frame)!;
      const name = `${String(frame).padStart(5, "0")}.png`;
      const { data } = await readMask(`${out}/1/${name}`);
      deepEqual(data, readMaskBitmap(stored).data);
      equal(areaPx, stored.areaPx);
    }
  }),
);

Deno.test(
  "watchLive() refuses prompts outside of the frames, and an empty folder",
  onClip(model, async ({ folder }) => {
    const prompts = `${folder}/prompts.json`;
    const entry = {
      object: 1,
      frame: 0,
      kind: "point",
      x: 999,
      y: 1,
      sign: "+",
    };
    await Deno.writeTextFile(prompts, JSON.stringify({ prompts: [entry] }));
    const source = `${folder}/frames`;
    await rejects(watchLive(model, { source, prompts }), /outside the frame/);
    await Deno.mkdir(`${folder}/empty`);
    await rejects(
      watchLive(model, { source: `${folder}/empty`, prompts, idleMs: 1 }),
      /it ended before its first frame/,
    );
  }),
);
