import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { evaluatePredictions } from "medannotate";
import { joinCocoPredictions } from "../../../lib/work/evaluation/coco_predictions.ts";
import { sharedTest, sharedUrl } from "../../shared.ts";

const data = new URL("data/", sharedUrl).pathname;
const coco100 = `${data}coco100/cocoapi/instances_val2014`;

const readJson = async (path: string) =>
  JSON.parse(await Deno.readTextFile(path));

const statNames = {
  AP: "ap",
  AP50: "ap50",
  AP75: "ap75",
  APs: "apSmall",
  APm: "apMedium",
  APl: "apLarge",
  AR1: "ar1",
  AR10: "ar10",
  AR100: "ar100",
  ARs: "arSmall",
  ARm: "arMedium",
  ARl: "arLarge",
} as const;

const sets = [
  {
    name: "coco100_bbox",
    kind: "boxes",
    truth: `${coco100}_100.json`,
    predictions: `${coco100}_fakebbox100_results.json`,
  },
  {
    name: "coco100_segm",
    kind: "masks",
    truth: `${coco100}_100.json`,
    predictions: `${coco100}_fakesegm100_results.json`,
  },
  {
    name: "endocv21_bbox",
    kind: "boxes",
    truth: `${data}endocv21-coco/train_coco.json`,
    predictions: `${data}endocv21-coco/pred_coco_results.json`,
  },
] as const;

/** The categories of a truth file by class number. */
async function categoriesOf(path: string): Promise<number[]> {
  const { categories } = await readJson(path);
  return categories.map(({ id }: { id: number }) => id).sort((
    a: number,
    b: number,
  ) => a - b);
}

for (const { name, kind, truth, predictions } of sets) {
  sharedTest(
    `evaluatePredictions() gives pycocotools' numbers on ${name}`,
    async () => {
      const golden = (await readJson(`${data}oracles/coco.json`))[name];
      const { [kind]: measured } = await evaluatePredictions(
        truth,
        predictions,
      );
      ok(measured);
      for (const [key, value] of Object.entries(golden.stats)) {
        const found: number | null | undefined =
          measured.coco[statNames[key as keyof typeof statNames]];
        // −1 there is null here
        ok(
          Math.abs((found ?? -1) - Number(value)) < 1e-9,
          `${key}: ${found}, expected ${value}`,
        );
      }
      const categories = await categoriesOf(truth);
      for (
        const [id, wanted] of Object.entries<{ ap: number; ap50: number }>(
          golden.per_category,
        )
      ) {
        const row: typeof measured.coco.classes[number] | undefined = measured
          .coco.classes.find(({ classNumber }) =>
            categories[classNumber] === Number(id)
          );
        ok(row, `category ${id}`);
        ok(
          Math.abs((row.ap ?? -1) - wanted.ap) < 1e-9,
          `${id}: ${row.ap}, expected ${wanted.ap}`,
        );
        ok(
          Math.abs((row.ap50 ?? -1) - wanted.ap50) < 1e-9,
          `${id}: ${row.ap50}, expected ${wanted.ap50}`,
        );
      }
    },
  );
}

for (const rule of ["8.4", "8.3"] as const) {
  const key = rule === "8.4" ? "ultralytics84" : "ultralytics83";
  for (const { name, truth, predictions } of [sets[0], sets[2]]) {
    sharedTest(
      `evaluatePredictions() gives Ultralytics ${rule}'s numbers on ${name}`,
      async () => {
        const golden =
          (await readJson(`${data}oracles/ultralytics.json`))[name];
        const wanted = golden[`ultralytics_${rule}`];
        const { boxes, labels, detections } = await evaluatePredictions(
          truth,
          predictions,
        );
        deepEqual([labels, detections], [golden.n_labels, golden.n_preds]);
        const { precision, recall, map50, classes } = boxes[key];
        const whole = [[precision, wanted.precision], [recall, wanted.recall], [
          map50,
          wanted.mAP50,
        ]];
        for (const [found, value] of whole) {
          ok(Math.abs(found - value) < 1e-9, `${found}, expected ${value}`);
        }

        // Where detections of a class are equally confident their order decides,
        // and the oracle's sort keeps none: there AP may differ by what the order changes.
        const categories = await categoriesOf(truth);
        const tied = tiedCategories(await readJson(predictions));
        for (
          const [id, row] of Object.entries<
            { p: number; r: number; ap50: number; ap50_95: number }
          >(wanted.per_class)
        ) {
          const found = classes.find(({ classNumber }) =>
            categories[classNumber] === Number(id)
          );
          ok(found, `category ${id}`);
          const near = tied.has(Number(id)) ? 0.02 : 1e-9;
          ok(
            Math.abs(found.ap50to95 - row.ap50_95) < near,
            `${id}: ${found.ap50to95}, expected ${row.ap50_95}`,
          );
          for (
            const [a, b] of [[found.precision, row.p], [found.recall, row.r], [
              found.ap50,
              row.ap50,
            ]]
          ) {
            ok(Math.abs(a - b) < 1e-9, `${id}: ${a}, expected ${b}`);
          }
        }
        const error = Math.abs(boxes[key].map50to95 - wanted.mAP50_95);
        ok(error < (tied.size > 0 ? 5e-4 : 1e-9), `${error}`);
      },
    );
  }
}

/** The categories in which two predictions have one score. */
function tiedCategories(
  predictions: readonly { category_id: number; score: number }[],
): Set<number> {
  const byClass = Map.groupBy(predictions, (row) => row.category_id);
  return new Set(
    [...byClass].filter(([, rows]) =>
      new Set(rows.map(({ score }) => score)).size < rows.length
    ).map(([id]) => id),
  );
}

const image = { id: "a", width: 4, height: 4, file_name: "a.png" };
const category = { id: 3, name: "polyp" };
const square = [1, 1, 3, 1, 3, 3, 1, 3];

const truthOf = (annotation: object, more: object = {}) =>
  JSON.stringify({
    images: [image],
    categories: [category],
    annotations: [annotation],
    ...more,
  });
const predictionsOf = (...predictions: object[]) =>
  JSON.stringify(
    predictions.map((row) => ({
      image_id: "a",
      category_id: 3,
      score: 0.5,
      ...row,
    })),
  );

Deno.test("joinCocoPredictions() takes text ids, missing areas and boxes, and every kind of mask", () => {
  const truth = truthOf({
    image_id: "a",
    category_id: "3",
    segmentation: [square],
  });
  const rles = [
    { size: [4, 4], counts: [5, 2, 2, 2, 5] },
    { size: [4, 4], counts: "52203" },
  ];
  const { images, haveMasks, classNames } = joinCocoPredictions(
    truth,
    predictionsOf({ segmentation: [square] }, { segmentation: rles[0] }, {
      segmentation: rles[1],
    }),
  );
  equal(haveMasks, true);
  deepEqual(classNames, ["polyp"]);
  const [{ labels, detections }] = images;
  const box = { x0: 1, y0: 1, x1: 3, y1: 3 };
  deepEqual(labels[0].box, box);
  equal(labels[0].areaPx, 4);
  for (const found of detections) {
    deepEqual(found.box, box);
    deepEqual(found.mask, { size: [4, 4], counts: [5, 2, 2, 2, 5] });
  }
});

Deno.test("joinCocoPredictions() puts images in the order of their ids, as numbers where they are", () => {
  const images = [{ ...image, id: 10 }, { ...image, id: "9" }];
  const joined = joinCocoPredictions(
    truthOf({ image_id: 9, category_id: 3, bbox: [0, 0, 1, 1] }, { images }),
    "[]",
  );
  deepEqual(joined.images.map(({ id }) => id), ["9", "10"]);
});

Deno.test("joinCocoPredictions() says which images and categories are unknown", () => {
  const truth = truthOf({ image_id: "a", category_id: 3, bbox: [0, 0, 2, 2] });
  const bbox = [0, 0, 1, 1];
  throws(
    () =>
      joinCocoPredictions(
        truth,
        predictionsOf({ bbox }, { bbox, image_id: "b" }),
      ),
    {
      name: "RangeError",
      message: /1 of 2 predictions have image_id b, .* it has 1: a/,
    },
  );
  throws(
    () => joinCocoPredictions(truth, predictionsOf({ bbox, category_id: 1 })),
    { name: "RangeError", message: /category_id 1, .* it has 1: 3/ },
  );
});

Deno.test("joinCocoPredictions() says what is wrong with a mask", () => {
  const truth = truthOf({
    id: 7,
    image_id: "a",
    category_id: 3,
    bbox: [0, 0, 2, 2],
    segmentation: [square],
  });
  const fails = (message: RegExp, ...predictions: object[]) =>
    throws(() => joinCocoPredictions(truth, predictionsOf(...predictions)), {
      message,
    });
  fails(/prediction 0 add up to 9, expected 4 x 4/, {
    segmentation: { size: [4, 4], counts: [9] },
  });
  fails(/prediction 0 is 2x2, its image 4x4/, {
    segmentation: { size: [2, 2], counts: [4] },
  });
  fails(/prediction 0 has 4 numbers/, { segmentation: [[0, 0, 1, 1]] });
  fails(/prediction 0 has neither a bbox nor a segmentation/, {});
  fails(/prediction 1 has none/, { segmentation: [square] }, {
    bbox: [0, 0, 1, 1],
  });
  throws(
    () =>
      joinCocoPredictions(
        truthOf({ id: 7, image_id: "a", category_id: 3 }),
        "[]",
      ),
    { message: /annotation 7 of the truth has neither/ },
  );
});

Deno.test("joinCocoPredictions() measures boxes alone where the truth has no masks", () => {
  const truth = truthOf({
    image_id: "a",
    category_id: 3,
    bbox: [0, 0, 2, 2],
    segmentation: [],
  });
  const { haveMasks } = joinCocoPredictions(
    truth,
    predictionsOf({ bbox: [0, 0, 2, 2], segmentation: [square] }),
  );
  equal(haveMasks, false);
});

Deno.test("evaluatePredictions() says which file it could not read", async () => {
  await rejects(
    evaluatePredictions("nothing.json", "nothing.json"),
    /Cannot read the truth nothing.json/,
  );
});
