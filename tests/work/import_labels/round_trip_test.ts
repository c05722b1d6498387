// Every format that is exported is imported again, into a store that knows
// nothing but the frames, and what was lost is printed.

import { deepEqual, equal, ok } from "node:assert/strict";
import {
  boxOf,
  createBitmap,
  type ExportFormat,
  exportFormats,
  listObjects,
  listPrompts,
  listTags,
  readImage,
  readMask,
  rleToBitmap,
  roundTripLoss,
  roundTripText,
  unionOf,
} from "medannotate";
import { inFolder } from "../../media/temporary_folder.ts";
import { sharedTest, sharedUrl } from "../../shared.ts";
import { noise, ring } from "../export/made_sequence.ts";
import {
  type MadeMasks,
  roundTrip,
  tripMasks,
  writeFrames,
} from "./made_store.ts";

const size = { width: 160, height: 120 };
const holed = ring(size, { x: 50.3, y: 60.7, outer: 35, inner: 16 });
const parts = unionOf(
  ring(size, { x: 115, y: 30, outer: 14 }),
  ring(size, { x: 130, y: 90, outer: 20, inner: 6 }),
);
const small = ring(size, { x: 95, y: 60, outer: 5 });
const made: MadeMasks = [
  { 1: holed, 2: parts },
  {},
  { 1: parts, 3: small },
  { 2: holed, 3: small },
];

/** What formats keep: everything, the outline, or boxes only. */
const keeps: Readonly<Record<ExportFormat, "pixels" | "outline" | "boxes">> = {
  "yolo": "boxes",
  "yolo-seg": "outline",
  "coco": "pixels",
  "voc": "pixels",
  "davis": "pixels",
  "sa-v": "pixels",
  "cvat": "pixels",
  "label-studio": "pixels",
  "labelme": "outline",
  "eiseg": "pixels",
};

for (const format of exportFormats) {
  Deno.test(
    `importLabels() gives back what exportStore() wrote as ${format}: objects, tags and ${
      keeps[format]
    }`,
    inFolder(async (folder) => {
      const clip = await writeFrames(
        folder,
        made.map((_, i) => noise(size, i)),
      );
      await roundTrip(folder, format, {
        ...{ clip, masks: made },
        async work({ store, sequence, before, result }) {
          equal(result.format, format);
          deepEqual(result.skipped, {
            verified: 0,
            unchanged: 0,
            masked: 0,
            otherImages: 0,
            shapes: 0,
          });
          const tags = await listTags(store);
          const objects = (await listObjects(store, sequence.id))
            .map(({ number, tagId }) => {
              const tag = tags.find(({ id }) => id === tagId);
              return [number, tag?.code, tag?.name, tag?.category];
            });
          deepEqual(objects, [
            [1, "f1", "polyp", "finding"],
            [2, "i 1", "biopsy forceps", "instrument"],
            [3, "f2", "polyp", "finding"],
          ]);
          if (keeps[format] === "boxes") {
            equal(result.boxes, 6);
            const prompts = await listPrompts(store, sequence.id);
            for (const { object, frame, rle } of before) {
              const truth = boxOf(rleToBitmap(rle));
              const { id } = (await listObjects(store, sequence.id))
                .find(({ number }) => number === object) ?? { id: 0 };
              const found = prompts.find((prompt) =>
                prompt.objectId === id && prompt.frame === frame
              )?.prompt;
              ok(truth && found?.kind === "box");
              for (const side of ["x0", "y0", "x1", "y1"] as const) {
                ok(Math.abs(found[side] - truth[side]) < 1e-3);
              }
            }
            return;
          }
          equal(result.masks, 6);
          const losses = roundTripLoss(
            before,
            await tripMasks(store, sequence),
          );
          console.log(`${format}\n${roundTripText(losses)}`.trimEnd());
          for (const loss of losses) {
            equal(loss.missing, 0);
            if (keeps[format] === "outline") ok(loss.lowestIou >= 0.98);
            else {
              deepEqual(
                [loss.lowestIou, loss.holesLost, loss.partsLost],
                [1, 0, 0],
              );
            }
          }
        },
      });
    }),
  );
}

Deno.test(
  "importLabels() gives back overlapping objects, except from voc",
  inFolder(async (folder) => {
    const over = [{ 1: holed, 2: ring(size, { x: 70, y: 60, outer: 25 }) }];
    const clip = await writeFrames(folder, [noise(size, 9)]);
    for (const format of exportFormats) {
      if (keeps[format] !== "pixels") continue;
      await roundTrip(folder, format, {
        ...{ clip, masks: over },
        async work({ store, sequence, before }) {
          const after = await tripMasks(store, sequence);
          const [first, second] = roundTripLoss(before, after);
          equal(first.lowestIou, 1, format);
          if (format !== "voc") equal(second.lowestIou, 1, format);
          else {
            console.log(roundTripText([first, second]).trimEnd());
            ok(second.lowestIou < 1); // the lower number has the pixels
          }
        },
      });
    }
  }),
);

sharedTest(
  "importLabels() gives back real masks of a capsule endoscopy in every format",
  async () => {
    await inFolder(async (folder) => {
      const source = new URL("data/kvasir-capsule-run1/", sharedUrl).pathname;
      const names = [...Deno.readDirSync(`${source}images`)]
        .map(({ name }) => name).sort().slice(0, 4);
      const images = [];
      const masks = [];
      for (const name of names) {
        const image = await readImage(`${source}images/${name}`);
        images.push(image);
        const path = `${source}masks/${name.replace(/\.[^.]+$/, ".png")}`;
        const mask = await readMask(path).catch(() => createBitmap(image));
        masks.push({ 1: mask });
      }
      const clip = await writeFrames(folder, images);
      for (const format of exportFormats) {
        await roundTrip(folder, format, {
          ...{ clip, masks },
          async work({ store, sequence, before, result }) {
            if (keeps[format] === "boxes") return equal(result.boxes, 4);
            const losses = roundTripLoss(
              before,
              await tripMasks(store, sequence),
            );
            console.log(`${format} ${roundTripText(losses)}`.trimEnd());
            const [{ lowestIou }] = losses;
            ok(
              keeps[format] === "pixels" ? lowestIou === 1 : lowestIou >= 0.98,
            );
          },
        });
      }
    })();
  },
);
