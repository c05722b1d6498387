import { deepEqual, equal, notEqual, ok, rejects } from "node:assert/strict";
import {
  checkFiles,
  deleteSequence,
  listRuns,
  setVerified,
  type StoredMask,
} from "medannotate";
import { areaPx, unionOf } from "../../lib/masks/bitmap.ts";
import { encodePng, readImage } from "../../lib/media/image.ts";
import { deleteMask, findMask, readMaskBitmap } from "../../lib/store/masks.ts";
import { addAnnotation } from "../../lib/work/annotate.ts";
import { undo } from "../../lib/work/history.ts";
import {
  type PropagateOptions,
  propagateSequence,
} from "../../lib/work/propagate.ts";
import { propagateClip } from "../../lib/work/propagate_clip.ts";
import {
  contentOf,
  frameCount,
  onPolyp,
  onWall,
  openClipTests,
  type SmallClip,
} from "./small_clip.ts";

const { model, clipTest } = await openClipTests();

/** Clicks the first object on a frame. */
async function clickFirst(clip: SmallClip, frame: number): Promise<number> {
  const objectId = await clip.objectId(1);
  await addAnnotation(clip.annotator, { objectId, frame }, onPolyp);
  return objectId;
}

/** What counts of every mask of one object, by frame. */
function contentsOf(
  masks: ReadonlyMap<string, StoredMask>,
  objectId: number,
): ReadonlyMap<number, ReturnType<typeof contentOf>> {
  return new Map(
    [...masks.values()].filter((mask) => mask.objectId === objectId)
      .map((mask) => [mask.frame, contentOf(mask)]),
  );
}

function sourcesOf(masks: ReadonlyMap<string, StoredMask>): string {
  return [...masks.values()].map(({ source }) => source?.[0]).join("");
}

clipTest(
  "propagateSequence() gives every frame a mask, tracked away from the click",
  async (clip) => {
    const objectId = await clickFirst(clip, 3);
    const { run, framesTracked } = await propagateSequence(clip.annotator);
    equal(framesTracked, 11);
    deepEqual([run.status, run.framesDone, run.framesTotal], ["done", 11, 11]);
    const masks = await clip.masks();
    equal(sourcesOf(masks), "bbbpffffffff"); // backward, prompt, forward
    for (const mask of masks.values()) {
      ok(mask.areaPx > 0, `frame ${mask.frame} is empty`);
      ok(mask.drift !== null && mask.drift >= 0 && mask.drift <= 1);
    }
    equal(masks.get(`${objectId} 3`)?.origin, "click");
    deepEqual(await checkFiles(clip.store, 1), []);
  },
);

clipTest(
  "propagateSequence() lets the nearer of two conditions win",
  async (clip) => {
    const objectId = await clickFirst(clip, 1);
    await addAnnotation(clip.annotator, { objectId, frame: 9 }, onPolyp);
    await propagateSequence(clip.annotator);
    // 5 is as near to 1 as to 9
    equal(sourcesOf(await clip.masks()), "bpffffbbbpff");
  },
);

clipTest("propagateSequence() fills only what was asked", async (clip) => {
  await clickFirst(clip, 3);
  const { annotator } = clip;
  await propagateSequence(annotator, { direction: "forward", from: 5, to: 6 });
  const frames = [...(await clip.masks()).values()].map(({ frame }) => frame);
  deepEqual(frames, [3, 5, 6]);
});

clipTest(
  "propagateSequence() never changes an object because of another one",
  async (clip) => {
    const { annotator } = clip;
    const first = await clickFirst(clip, 3);
    await addAnnotation(annotator, { objectId: first, frame: 10 }, onPolyp);
    await propagateSequence(annotator);
    const alone = contentsOf(await clip.masks(), first);
    const second = await clip.objectId(2);
    for (const frame of [0, 6]) {
      await addAnnotation(annotator, { objectId: second, frame }, onWall);
    }
    await propagateSequence(annotator, { restart: true });
    const masks = await clip.masks();
    equal(masks.size, 2 * frameCount);
    deepEqual(contentsOf(masks, first), alone);
  },
);

clipTest(
  "propagateSequence() keeps a verified mask and starts from it",
  async (clip) => {
    const { annotator, store } = clip;
    const objectId = await clickFirst(clip, 0);
    await propagateSequence(annotator);
    const verified = await setVerified(store, { objectId, frame: 8 }, true);
    const before = await clip.masks();
    await propagateSequence(annotator, { restart: true });
    const masks = await clip.masks();
    deepEqual(masks.get(`${objectId} 8`), verified);
    // forward from 0 up to 4, which is as near to 0 as to 8; the rest from 8
    equal(sourcesOf(masks), "pffffbbbffff");
    // frame 7 now comes from frame 8
    notEqual(
      masks.get(`${objectId} 7`)?.predictedIou,
      before.get(`${objectId} 7`)?.predictedIou,
    );
  },
);

clipTest(
  "propagateSequence() keeps what a cancelled call did and finishes with the same bytes",
  async (clip) => {
    const { annotator, store } = clip;
    const first = await clickFirst(clip, 4);
    const second = await clip.objectId(2);
    await addAnnotation(annotator, { objectId: second, frame: 8 }, onWall);
    await propagateSequence(annotator);
    const undisturbed = await clip.masks();
    const contents = () =>
      clip.masks().then((masks) =>
        [first, second].map((id) => contentsOf(masks, id))
      );
    const expected = await contents();

    // 7 steps forward, 8 backward: before, in and after the turn
    for (const stops of [[1], [6, 1, 1], [5, 7]]) {
      let framesDone = 0;
      for (const [call, stop] of stops.entries()) {
        const cancel = new AbortController();
        const options: PropagateOptions = {
          restart: call === 0,
          signal: cancel.signal,
          onProgress: ({ done }) => done === stop && cancel.abort(),
        };
        await rejects(
          propagateSequence(annotator, options),
          { name: "CancelledError" },
        );
        const run = (await listRuns(store, 1)).at(-1)!;
        equal(run.status, "cancelled");
        // the frame that was under way is kept too
        const kept = run.framesDone - framesDone;
        ok(kept === stop || kept === stop + 1, `${kept} after ${stop}`);
        framesDone = run.framesDone;
        for (const [key, mask] of await clip.masks()) {
          deepEqual(contentOf(mask), contentOf(undisturbed.get(key)!));
        }
      }
      const { run, framesTracked } = await propagateSequence(annotator);
      equal(framesTracked, run.framesTotal - framesDone);
      deepEqual(await contents(), expected);
    }
    deepEqual(await checkFiles(store, 1), []);
  },
);

clipTest(
  "propagateSequence() does nothing more when it is done",
  async (clip) => {
    await clickFirst(clip, 4);
    const { run } = await propagateSequence(clip.annotator);
    const before = await clip.masks();
    const again = await propagateSequence(clip.annotator);
    deepEqual(again, { run, framesTracked: 0, msPerFrame: 0 });
    deepEqual(await clip.masks(), before); // with the time of the last change
  },
);

/** The frames whose masks are not what they were. */
function changedFrames(
  before: ReadonlyMap<string, StoredMask>,
  after: ReadonlyMap<string, StoredMask>,
): readonly number[] {
  return [...after].filter(([key, mask]) =>
    before.get(key)?.updatedAt !== mask.updatedAt
  ).map(([, { frame }]) => frame);
}

clipTest(
  "propagateSequence() after a correction computes only what lies between its neighbours",
  async (clip) => {
    const { annotator } = clip;
    const objectId = await clickFirst(clip, 1);
    await addAnnotation(annotator, { objectId, frame: 8 }, onPolyp);
    const other = await clip.objectId(2);
    await addAnnotation(annotator, { objectId: other, frame: 0 }, onWall);
    await propagateSequence(annotator);
    const before = await clip.masks();

    await addAnnotation(annotator, { objectId, frame: 5 }, onWall);
    const stale = [...(await clip.masks()).values()]
      .filter(({ state }) => state === "stale").map(({ frame }) => frame);
    deepEqual(stale, [2, 3, 4, 6, 7]);
    const { framesTracked } = await propagateSequence(annotator);
    equal(framesTracked, 10); // 2, 3, 4, 6 and 7, from both sides
    const after = await clip.masks();
    deepEqual(changedFrames(before, after), [2, 3, 4, 5, 6, 7]);
    ok([...after.values()].every(({ state }) => state === "final"));
    equal(
      sourcesOf(new Map([...after].slice(0, frameCount))),
      "bpffbpfbpfff",
    );
  },
);

clipTest(
  "propagateSequence() gives the same masks after a correction as from the start",
  async (clip) => {
    const { annotator } = clip;
    const objectId = await clickFirst(clip, 1);
    await propagateSequence(annotator);
    await addAnnotation(annotator, { objectId, frame: 9 }, onWall);
    await propagateSequence(annotator);
    const corrected = contentsOf(await clip.masks(), objectId);
    await propagateSequence(annotator, { restart: true });
    const anew = contentsOf(await clip.masks(), objectId);
    for (const [frame, mask] of corrected) {
      // frame 0 lies beyond the neighbours: it was tracked before the correction
      if (frame !== 0) deepEqual(mask, anew.get(frame), `frame ${frame}`);
    }
  },
);

clipTest(
  "propagateSequence() has nothing to do after a correction that was taken back",
  async (clip) => {
    const { annotator } = clip;
    const objectId = await clickFirst(clip, 1);
    await propagateSequence(annotator);
    const before = await clip.masks();
    await addAnnotation(annotator, { objectId, frame: 5 }, onWall);
    await undo(annotator);
    equal((await propagateSequence(annotator)).framesTracked, 0);
    const after = await clip.masks();
    for (const [key, mask] of after) {
      deepEqual(contentOf(mask), contentOf(before.get(key)!));
      equal(mask.state, "final");
    }
  },
);

clipTest(
  "propagateSequence() tracks nothing when a mask is accepted, and stops corrections at it",
  async (clip) => {
    const { annotator, store } = clip;
    const objectId = await clickFirst(clip, 0);
    await propagateSequence(annotator);
    await setVerified(store, { objectId, frame: 6 }, true);
    equal((await propagateSequence(annotator)).framesTracked, 0);
    const before = await clip.masks();
    await addAnnotation(annotator, { objectId, frame: 9 }, onWall);
    await propagateSequence(annotator);
    deepEqual(changedFrames(before, await clip.masks()), [7, 8, 9, 10, 11]);
  },
);

clipTest(
  "propagateSequence() gives no pixel to two objects when that is asked for",
  async (clip) => {
    const { annotator, store } = clip;
    const first = await clickFirst(clip, 0);
    const second = await clip.objectId(2);
    await addAnnotation(annotator, { objectId: second, frame: 11 }, onPolyp); // the same thing
    const overlapsOf = async () => {
      const byFrame = Map.groupBy(
        (await clip.masks()).values(),
        ({ frame }) => frame,
      );
      return [...byFrame.values()].map((masks) => {
        const [a, b] = masks.map(readMaskBitmap);
        return areaPx(a) + areaPx(b) - areaPx(unionOf(a, b));
      });
    };
    await propagateSequence(annotator);
    ok((await overlapsOf()).some((px) => px > 0));
    await propagateSequence(annotator, { nonOverlap: true, restart: true });
    deepEqual(await overlapsOf(), Array(frameCount).fill(0));
    const masks = await clip.masks();
    equal(masks.get(`${first} 0`)?.origin, "click");
    ok([...masks.values()].every(({ state }) => state === "final"));
    deepEqual(await checkFiles(store, 1), []);
  },
);

clipTest(
  "propagateSequence() fills in a mask that was deleted",
  async (clip) => {
    const { annotator } = clip;
    const objectId = await clickFirst(clip, 0);
    await propagateSequence(annotator);
    const before = await clip.masks();
    await deleteMask(annotator.writer, { objectId, frame: 4 });
    equal((await propagateSequence(annotator)).framesTracked, 4); // 1 to 4
    const after = await clip.masks();
    for (const [key, mask] of before) {
      deepEqual(contentOf(after.get(key)!), contentOf(mask));
    }
  },
);

clipTest(
  "propagateSequence() measures between two conditions how far both directions agree",
  async (clip) => {
    const { annotator } = clip;
    const objectId = await clickFirst(clip, 2);
    await addAnnotation(annotator, { objectId, frame: 8 }, onWall); // another place
    await propagateSequence(annotator);
    const parts = [...(await clip.masks()).values()].map((mask) =>
      JSON.parse(mask.driftParts)
    );
    for (const [frame, { agreement }] of parts.entries()) {
      equal(agreement !== undefined, frame > 2 && frame < 8, `frame ${frame}`);
    }
    // an IoU of two masks from two places: never quite the same, and less so
    // the more the model believes the nearer of the two
    const agreements = parts.flatMap(({ agreement }) => agreement ?? []);
    ok(agreements.every((value) => value >= 0 && value < 1), `${agreements}`);
    equal(new Set(agreements).size, agreements.length);
  },
);

clipTest(
  "propagateSequence() gives the same masks whether features are on disk or not",
  async (clip) => {
    const { annotator, folder } = clip;
    const objectId = await clickFirst(clip, 3);
    await propagateSequence(annotator);
    const first = contentsOf(await clip.masks(), objectId);
    const cache = `${folder}/data/features`;
    const [{ name }] = await Array.fromAsync(Deno.readDir(cache));
    const files = await Array.fromAsync(Deno.readDir(`${cache}/${name}`));
    equal(files.length, frameCount);
    await propagateSequence(annotator, { restart: true });
    deepEqual(contentsOf(await clip.masks(), objectId), first);
    // a damaged file is computed anew, a missing one too
    await Deno.remove(`${cache}/${name}/${files[0].name}`);
    const damaged = `${cache}/${name}/${files[1].name}`;
    const bytes = await Deno.readFile(damaged);
    bytes[99] ^= 1;
    await Deno.writeFile(damaged, bytes);
    await propagateSequence(annotator, { restart: true });
    deepEqual(contentsOf(await clip.masks(), objectId), first);
    bytes[99] ^= 1;
    deepEqual(await Deno.readFile(damaged), bytes);
  },
);

clipTest(
  "deleteSequence() removes the features of its frames",
  async (clip) => {
    const { annotator, folder, store } = clip;
    await clickFirst(clip, 3);
    await propagateSequence(annotator);
    await annotator.writer.close();
    await deleteSequence(store, 1);
    const cache = `${folder}/data/features`;
    for await (const { name } of Deno.readDir(cache)) {
      deepEqual(await Array.fromAsync(Deno.readDir(`${cache}/${name}`)), []);
    }
  },
);

clipTest(
  "propagateSequence() refuses to go on with anything else, names it and changes nothing",
  async (clip) => {
    const { annotator, annotator: { writer }, store } = clip;
    await clickFirst(clip, 4);
    await propagateSequence(annotator);
    const before = await clip.masks();
    const runs = await listRuns(store, 1);
    const { engine } = model;

    const other = { ...model, sha256: "f".repeat(64) };
    await rejects(
      propagateSequence({ ...annotator, model: other }),
      /these differ: model \(sha256 [0-9a-f]{12}… then, f{12}… now\)\. --restart/,
    );
    const larger = { ...model, engine: { ...engine, side: 96 } };
    await rejects(
      propagateSequence({ ...annotator, model: larger }),
      /these differ: side \(64 then, 96 now\)/,
    );
    const rounded = {
      ...model,
      engine: { ...engine, precision: "int8" as const },
    };
    await rejects(
      propagateSequence({ ...annotator, model: rounded }),
      /these differ: precision \(float32 then, int8 now\)/,
    );
    await rejects(
      propagateSequence(annotator, { direction: "forward", to: 7 }),
      /these differ: direction \(both then, forward now\), to \(11 then, 7 now\)/,
    );
    await rejects(
      propagateSequence(annotator, { from: 2 }),
      /these differ: from \(0 then, 2 now\)/,
    );
    const sequence = { ...writer.sequence, framesSha256: "0".repeat(64) };
    await rejects(
      propagateSequence({ ...annotator, writer: { ...writer, sequence } }),
      /these differ: frames \(sha256 [0-9a-f]{12}… then, 0{12}… now\)/,
    );
    deepEqual(await clip.masks(), before);

    deepEqual(await listRuns(store, 1), runs);
  },
);

clipTest(
  "propagateSequence() refuses to start on a picture that was exchanged",
  async (clip) => {
    const { annotator, folder } = clip;
    await clickFirst(clip, 0);
    const path = `${folder}/frames/001.png`;
    const { width, height, data } = await readImage(path);
    const changed = { width, height, data: data.slice() };
    changed.data[0] ^= 1;
    await Deno.writeFile(path, await encodePng(changed));
    await rejects(
      propagateSequence(annotator),
      /frame 1 of .*frames has other pixels than the one imported/,
    );
  },
);

clipTest(
  "propagateSequence() refuses frames that are not there and clips without a prompt",
  async (clip) => {
    const { annotator } = clip;
    await rejects(
      propagateSequence(annotator),
      /Cannot propagate sequence 1: no object has a prompt or a verified mask/,
    );
    await clickFirst(clip, 0);
    await rejects(
      propagateSequence(annotator, { to: 12 }),
      /Cannot propagate frames 0 to 12, the sequence has frames 0 to 11/,
    );
    await rejects(propagateSequence(annotator, { from: 5, to: 4 }), RangeError);
    deepEqual(await listRuns(clip.store, 1), []);
  },
);

clipTest(
  "propagateSequence() says what failed and marks the run",
  async (clip) => {
    const { annotator, store } = clip;
    await clickFirst(clip, 0);
    let steps = 0;
    const engine = {
      ...model.engine,
      encodeMemory: (...args: Parameters<typeof model.engine.encodeMemory>) => {
        if (steps++ === 4) return Promise.reject(new Error("device lost"));
        return model.engine.encodeMemory(...args);
      },
    };
    const broken = { ...annotator, model: { ...model, engine } };
    await rejects(propagateSequence(broken), /device lost/);
    const run = (await listRuns(store, 1)).at(-1);
    deepEqual([run?.status, run?.framesDone], ["failed", 3]); // and the click's memory
    const { run: done } = await propagateSequence(annotator);
    deepEqual([done.id, done.status], [run?.id, "done"]);
    deepEqual(await model.runtime.count(), { sessions: 5, held: 0 });
  },
);

/** Writes prompts.json with one click a frame. */
async function writePrompts(path: string, frames: readonly number[]) {
  const prompts = frames.map((frame) => ({ object: 1, frame, ...onPolyp }));
  await Deno.writeTextFile(path, JSON.stringify({ prompts }));
}

clipTest(
  "propagateClip() leaves a picture for every frame and object, and says what they are made from",
  async (clip) => {
    const { annotator, folder } = clip;
    const [prompts, out] = [`${folder}/prompts.json`, `${folder}/out`];
    await writePrompts(prompts, [3]);
    await propagateClip(annotator, { prompts, out });
    const names = Array.from(Deno.readDirSync(`${out}/1`), ({ name }) => name);
    deepEqual(
      names.sort(),
      Array.from({ length: 12 }, (_, i) => `${String(i).padStart(5, "0")}.png`),
    );
    const { frames } = JSON.parse(
      await Deno.readTextFile(`${out}/propagation.json`),
    );
    const masks = await clip.masks();
    equal(frames.length, 12);
    for (const row of frames) {
      const mask = [...masks.values()].find(({ frame }) =>
        frame === row.frame
      )!;
      equal(row.areaPx, mask.areaPx);
      equal(row.drift, mask.drift);
      const png = await readImage(
        `${out}/1/${String(row.frame).padStart(5, "0")}.png`,
      );
      const inside = png.data.filter((value, i) =>
        i % 3 === 0 && value === 255
      );
      equal(inside.length, mask.areaPx);
      ok(png.data.every((value) => value === 0 || value === 255));
    }
    const run = JSON.parse(await Deno.readTextFile(`${out}/run.json`));
    deepEqual([run.status, run.framesDone], ["done", 11]);
    equal(run.framesSha256, annotator.writer.sequence.framesSha256);
  },
);

clipTest(
  "propagateClip() writes what a cancelled call has, and how far it came",
  async (clip) => {
    const { annotator, folder } = clip;
    const [prompts, out] = [`${folder}/prompts.json`, `${folder}/out`];
    await writePrompts(prompts, [0]);
    const cancel = new AbortController();
    await rejects(
      propagateClip(annotator, {
        prompts,
        out,
        signal: cancel.signal,
        onProgress: ({ done }) => done === 4 && cancel.abort(),
      }),
      { name: "CancelledError" },
    );
    const read = async () =>
      JSON.parse(await Deno.readTextFile(`${out}/run.json`));
    const { status, framesDone } = await read();
    equal(status, "cancelled");
    ok(framesDone === 4 || framesDone === 5); // the one that was under way
    await propagateClip(annotator, { prompts, out });
    equal((await read()).framesDone, 11);
  },
);

clipTest(
  "propagateClip() takes other prompts only with restart, which keeps verified masks",
  async (clip) => {
    const { annotator, folder, store } = clip;
    const [prompts, others] = [`${folder}/a.json`, `${folder}/b.json`];
    const out = `${folder}/out`;
    await writePrompts(prompts, [0]);
    await writePrompts(others, [11]);
    await propagateClip(annotator, { prompts, out });
    const objectId = await clip.objectId(1);
    const verified = await setVerified(store, { objectId, frame: 5 }, true);
    const before = await clip.masks();

    await rejects(
      propagateClip(annotator, { prompts: others, out }),
      /Cannot add .*b\.json: sequence 1 has 1 other prompts\. --restart replaces/,
    );
    deepEqual(await clip.masks(), before);

    await propagateClip(annotator, { prompts: others, out, restart: true });
    const masks = await clip.masks();
    equal(masks.size, 12);
    deepEqual(await findMask(store, { objectId, frame: 5 }), verified);
    equal(masks.get(`${objectId} 0`)?.origin, "propagated");
    equal(masks.get(`${objectId} 11`)?.origin, "click");
    deepEqual(await checkFiles(store, 1), []);
  },
);

clipTest("propagateClip() refuses a folder of another run", async (clip) => {
  const { annotator, folder } = clip;
  const [prompts, out] = [`${folder}/prompts.json`, `${folder}/out`];
  await writePrompts(prompts, [0]);
  await Deno.mkdir(out);
  await Deno.writeTextFile(`${out}/run.json`, "{}");
  await rejects(
    propagateClip(annotator, { prompts, out }),
    /run\.json: it is no run file of ours/,
  );
  const run = { framesSha256: "a", promptsSha256: "b", modelSha256: "c" };
  await Deno.writeTextFile(
    `${out}/run.json`,
    JSON.stringify({ ...run, options: {} }),
  );
  await rejects(
    propagateClip(annotator, { prompts, out }),
    /run\.json: these differ: frames .*model .*direction .*--restart/,
  );
});
