import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import {
  acceptProposals,
  type Box,
  detectToStore,
  type DetectToStoreOptions,
  encodePng,
  iou,
  listMasks,
  listObjects,
  listPrompts,
  listProposals,
  listTags,
  openModel,
  readMaskBitmap,
  redo,
  rejectProposals,
  saveMask,
  type Store,
  type StoredMask,
  undo,
} from "medannotate";
import { createBitmap } from "../../../lib/masks/bitmap.ts";
import { openForWriting } from "../../../lib/store/writer.ts";
import type { Annotator } from "../../../lib/work/annotate.ts";
import { openSequence } from "../../../lib/work/import.ts";
import { openDataStore } from "../../../lib/work/open_store.ts";
import type { OpenDetector } from "../../../lib/work/open_detector.ts";
import { inFolder } from "../../media/temporary_folder.ts";
import { fakeDetector, paintSquares, type Square } from "./fake_detector.ts";

const size = { width: 128, height: 96 };
const frameCount = 10;
const small = { size: 64, device: "cpu" } as const;

/** A polyp that moves, and a tool from frame 4 on. */
function squaresAt(frame: number): Square[] {
  return [
    { x: 10 + 2 * frame, y: 20, side: 30, confidence: 0.6 + 0.03 * frame },
    ...(frame >= 4 ? [{ x: 90, y: 60, side: 24, kind: "tool" } as const] : []),
  ];
}

function squareBox({ x, y, side = 16 }: Square): Box {
  return { x0: x, y0: y, x1: x + side, y1: y + side };
}

/** How well a mask fits a square. */
function fit(mask: StoredMask, { x0, y0, x1, y1 }: Box): number {
  const square = createBitmap(size);
  for (let y = y0; y < y1; y++) {
    square.data.fill(1, y * size.width + x0, y * size.width + x1);
  }
  return iou(readMaskBitmap(mask), square);
}

type Setting = {
  readonly store: Store;
  readonly folder: string;
  detect(
    options?: Partial<DetectToStoreOptions>,
    detector?: OpenDetector,
  ): ReturnType<typeof detectToStore>;
  /** Runs work on the sequence that was detected in. */
  annotating<Result>(
    work: (annotator: Annotator) => Promise<Result>,
  ): Promise<Result>;
};

const model = await openModel(small);
Deno.test.afterAll(() => model.close());

function storeTest(name: string, test: (setting: Setting) => Promise<void>) {
  Deno.test(
    name,
    inFolder(async (folder) => {
      const input = `${folder}/frames`;
      await Deno.mkdir(input);
      for (let frame = 0; frame < frameCount; frame++) {
        const image = paintSquares(size, squaresAt(frame));
        await Deno.writeFile(`${input}/${frame}.png`, await encodePng(image));
      }
      const store = await openDataStore({ folder: `${folder}/data` });
      try {
        await test({
          store,
          folder,
          detect: (options = {}, detector = fakeDetector()) =>
            detectToStore(detector, store, {
              ...{ input, out: `${folder}/out`, hasOverlay: false },
              segmentModel: small,
              ...options,
            }),
          annotating: async (work) => {
            const { frames } = await openSequence(store, 1);
            const writer = await openForWriting(store, 1);
            try {
              return await work({ writer, frames, model });
            } finally {
              await writer.close();
              await frames.close();
            }
          },
        });
      } finally {
        await store.close();
      }
    }),
  );
}

storeTest(
  "detectToStore() proposes an object for each track, with masks by SAM 2",
  async ({ store, detect }) => {
    const { proposed, sequenceId, frames } = await detect({ isTracked: true });
    deepEqual([sequenceId, frames], [1, frameCount]);
    deepEqual(
      [proposed.objects, proposed.masks, proposed.untracked, proposed.empty],
      [2, 10 + 5, 1, 0], // the tool was seen once before it was a track
    );
    const objects = await listObjects(store, 1);
    const tags = await listTags(store);
    deepEqual(
      objects.map(({ name, tagId }) => [
        name,
        tags.find(({ id }) => id === tagId)?.code,
      ]),
      [["polyp, track 1", "polyp"], ["tool, track 2", "tool"]],
    );
    const masks = await listMasks(store, 1, { objectId: objects[0].id });
    for (const mask of masks) {
      deepEqual([mask.origin, mask.verified, mask.modelSha256, mask.source], [
        "detected",
        false,
        "fake",
        "detector, sam2-nano",
      ]);
      const [square] = squaresAt(mask.frame);
      ok(Math.abs(mask.presenceScore! - square.confidence!) < 0.03);
      // a drawing, at 64 px, unlike what the small model learnt from
      ok(fit(mask, squareBox(square)) > 0.5, `frame ${mask.frame}`);
    }
  },
);

storeTest(
  "detectToStore() without tracks proposes an object for each class and place",
  async ({ store, detect }) => {
    const { proposed } = await detect();
    deepEqual([proposed.objects, proposed.masks], [2, 16]);
    const objects = await listObjects(store, 1);
    deepEqual(objects.map(({ name }) => name), ["polyp 1", "tool 1"]);
  },
);

storeTest(
  "detectToStore() does not propose twice, and replaces only when it is told",
  async ({ store, detect, annotating }) => {
    await detect({ isTracked: true });
    const again = await detect({ isTracked: true });
    deepEqual([again.proposed.wasThere, again.framesNow], [true, 0]);
    equal((await listObjects(store, 1)).length, 2);

    const other = fakeDetector({ sha256: "other" });
    const [polyp, tool] = await listObjects(store, 1);
    await annotating(async ({ writer }) => {
      await acceptProposals(writer, { objectId: polyp.id, minConfidence: 0.8 });
    });
    const accepted = (await listMasks(store, 1)).filter((m) => m.verified);
    equal(accepted.length, 3); // 0.81, 0.84, 0.87
    const { proposed } = await detect(
      { isTracked: true, restart: true },
      other,
    );
    equal(proposed.wasThere, false);
    const objects = await listObjects(store, 1);
    deepEqual(
      objects.map(({ id, name }) => [id === polyp.id, name]),
      [[true, "polyp, track 1"], [false, "polyp, track 1"], [
        false,
        "tool, track 2",
      ]],
    );
    ok(!objects.some(({ id }) => id === tool.id)); // nobody had touched it
    deepEqual(
      (await listMasks(store, 1, { objectId: polyp.id }))
        .map(({ counts, verified }) => [counts, verified]),
      accepted.map(({ counts }) => [counts, true]),
    );
  },
);

storeTest(
  "detectToStore() refuses another detection beside proposals that nobody judged",
  async ({ folder, detect }) => {
    await detect();
    await rejects(
      detect({ out: `${folder}/other`, confidence: 0.5 }),
      /Cannot go on with the proposals of sequence 1: these differ: confidence \(0\.25 then, 0\.5 now\)/,
    );
  },
);

storeTest(
  "detectToStore() leaves what a person made as it is",
  async ({ store, detect, annotating }) => {
    await detect();
    await annotating(async (annotator) => {
      const { writer } = annotator;
      await undo(annotator); // the whole detection is one step
      equal((await listObjects(store, 1)).length, 0);
      equal((await listMasks(store, 1)).length, 0);
      await redo(annotator);
      equal((await listMasks(store, 1)).length, 16);
      const [{ id: objectId }] = await listObjects(store, 1);
      const bitmap = createBitmap(size);
      bitmap.data[5] = 1;
      await saveMask(writer, { objectId, frame: 2, bitmap, origin: "drawn" });
    });
    const before = await listMasks(store, 1, { personal: true });
    await detect({ restart: true, confidence: 0.3 });
    deepEqual(await listMasks(store, 1, { personal: true }), before);
  },
);

storeTest(
  "detectToStore() goes on where it was cancelled while segmenting",
  async ({ store, detect, folder }) => {
    const cancel = new AbortController();
    await rejects(
      detect({
        signal: cancel.signal,
        onProgress: ({ stage, done }) => {
          if (stage === "segment" && done === 4) cancel.abort();
        },
      }),
      /^CancelledError: Cancelled: segmenting at frame 4/,
    );
    equal((await listObjects(store, 1)).length, 0); // all or nothing
    const path = `${folder}/out/masks.jsonl`;
    await Deno.writeTextFile(path, '{"frame":4,', { append: true }); // a kill
    const segmented: number[] = [];
    const { proposed } = await detect({
      onProgress: ({ stage, total }) => {
        if (stage === "segment") segmented.push(total);
      },
    });
    equal(segmented[0], frameCount - 4);
    deepEqual([proposed.objects, proposed.masks], [2, 16]);
  },
);

storeTest(
  "detectToStore() gives SAM 2 the surest box of each track, and propagates it",
  async ({ store, detect }) => {
    const { proposed, propagation } = await detect({ isPropagated: true });
    deepEqual([proposed.objects, proposed.prompts, proposed.masks], [2, 2, 0]);
    ok(propagation);
    const [polyp] = await listObjects(store, 1);
    const prompts = await listPrompts(store, 1, { objectId: polyp.id });
    deepEqual(
      prompts.map(({ frame, prompt }) => [frame, prompt.kind]),
      [[9, "box"]], // where it is surest
    );
    const masks = await listMasks(store, 1, { objectId: polyp.id });
    deepEqual(masks.map(({ frame, origin }) => [frame, origin]), [
      ...[0, 1, 2, 3, 4, 5, 6, 7, 8].map((frame) => [frame, "propagated"]),
      [9, "click"],
    ]);
    ok(fit(masks[9], squareBox(squaresAt(9)[0])) > 0.6);
    const again = await detect({ isPropagated: true });
    ok(again.proposed.wasThere);
    equal(again.propagation?.framesTracked, 0);
  },
);

storeTest(
  "detectToStore() refuses what comes live",
  async ({ detect }) => {
    await rejects(
      detect({ input: "rtsp://127.0.0.1/x" }),
      /Cannot put rtsp:\/\/127\.0\.0\.1\/x into the store: what comes live/,
    );
  },
);

storeTest(
  "acceptProposals() and rejectProposals() judge by confidence, as one step each",
  async ({ store, detect, annotating }) => {
    await detect({ isTracked: true });
    await annotating(async (annotator) => {
      const { writer } = annotator;
      const [polyp, tool] = await listObjects(store, 1);
      await acceptProposals(writer, {
        objectId: polyp.id,
        minConfidence: 0.74,
      });
      const verified = async () =>
        (await listMasks(store, 1)).filter((mask) => mask.verified)
          .map(({ frame }) => frame);
      const sure = await verified();
      deepEqual(sure, [5, 6, 7, 8, 9]);
      await rejectProposals(writer, { objectId: tool.id });
      deepEqual((await listObjects(store, 1)).map(({ id }) => id), [polyp.id]);
      await rejectProposals(writer, { maxConfidence: 0.7 });
      deepEqual(
        (await listProposals(writer)).map(({ frame }) => frame),
        [4],
      );
      deepEqual(await verified(), sure); // what is accepted is no proposal
      await undo(annotator);
      await undo(annotator);
      equal((await listObjects(store, 1)).length, 2);
      await undo(annotator);
      deepEqual(await verified(), []);
      equal((await listProposals(writer)).length, 15);
    });
  },
);
