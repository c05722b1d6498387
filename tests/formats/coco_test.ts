import { deepEqual, equal, ok, throws } from "node:assert/strict";
import {
  cocoAnnotation,
  cocoBox,
  cocoCategories,
  cocoImage,
  cocoRing,
  parseCoco,
  parseCocoResults,
} from "medannotate";
import { sharedTest, sharedUrl } from "../shared.ts";

const file = {
  images: [cocoImage(1, "a.png", { width: 4, height: 3 })],
  annotations: [
    cocoAnnotation({
      id: 1,
      imageId: 1,
      classNumber: 0,
      segmentation: { size: [3, 4], counts: "32O3" },
      box: { x0: 1, y0: 0, x1: 3, y1: 2 },
      areaPx: 4,
    }),
    cocoAnnotation({
      id: 2,
      imageId: 1,
      classNumber: 1,
      segmentation: [
        cocoRing([{ x: 0, y: 0 }, { x: 2, y: 0 }, { x: 2, y: 2 }]),
      ],
      box: { x0: 0, y0: 0, x1: 2, y1: 2 },
      areaPx: 2,
      isCrowd: true,
    }),
  ],
  categories: cocoCategories({ 0: "polyp", 1: "tool" }),
};

Deno.test("cocoAnnotation() writes x, y, width, height and counts categories from 1", () => {
  const [first, second] = file.annotations;
  deepEqual(first.bbox, [1, 0, 2, 2]);
  equal(first.category_id, 1);
  equal(first.iscrowd, 0);
  deepEqual(second.segmentation, [[0, 0, 2, 0, 2, 2]]);
  deepEqual(cocoBox(first.bbox), { x0: 1, y0: 0, x1: 3, y1: 2 });
  deepEqual(file.categories, [{ id: 1, name: "polyp" }, {
    id: 2,
    name: "tool",
  }]);
});

Deno.test("parseCoco() gives back what was written", () => {
  deepEqual(parseCoco(JSON.stringify(file)), file);
});

Deno.test("parseCoco() says what is wrong", () => {
  throws(() => parseCoco("{"), { name: "SyntaxError", message: /not JSON/ });
  throws(() => parseCoco("{}"), /images: .*\(and 2 more\)/);
  throws(() => parseCoco(changed({ bbox: [1, 2, 3] })), /annotations\.0\.bbox/);
  throws(
    () => parseCoco(changed({ segmentation: [[0, 0, 1, 1]] })),
    /annotations\.0\.segmentation/,
  );
  throws(
    () => parseCoco(changed({ image_id: 9 })),
    /annotation 1 is on image 9, which is not in the file/,
  );
  throws(() => parseCoco(changed({ category_id: 9 })), /has category 9/);
  throws(
    () => parseCoco(changed({ id: 2 })),
    /two annotation records have id 2/,
  );
});

Deno.test("parseCocoResults() reads predictions", () => {
  const results = [
    { image_id: 1, category_id: 1, bbox: [0, 0, 2, 2], score: 0.5 },
  ];
  deepEqual(parseCocoResults(JSON.stringify(results)), results);
  throws(
    () => parseCocoResults('[{"image_id":1,"category_id":1}]'),
    /0\.score/,
  );
});

sharedTest(
  "parseCoco() reads COCO's, EndoCV's and CholecInstanceSeg's files",
  async () => {
    const counts: number[] = [];
    for (
      const path of [
        "coco100/cocoapi/instances_val2014_100.json",
        "coco100/gt_dataset.json",
        "coco100/gt_ignore_test.json",
        "endocv21-coco/train_coco.json",
        "endocv21-coco/train_pred_coco.json",
        "cholecinst-10f/_sample_results/generated_coco_files/sample_generated_coco.json",
      ]
    ) {
      const coco = parseCoco(await readShared(path));
      ok(coco.images.length > 0, path);
      counts.push(coco.annotations.length);
    }
    deepEqual(counts, [839, 9, 14, 3, 4, 23]);
  },
);

sharedTest("parseCocoResults() reads COCO's example predictions", async () => {
  const folder = "coco100/cocoapi/instances_val2014";
  const masks = parseCocoResults(
    await readShared(`${folder}_fakesegm100_results.json`),
  );
  equal(masks.length, 734);
  const boxes = parseCocoResults(
    await readShared(`${folder}_fakebbox100_results.json`),
  );
  ok(boxes.every(({ bbox }) => bbox !== undefined));
});

/** The file with something else in its first annotation. */
function changed(fields: Record<string, unknown>): string {
  const [first, ...others] = file.annotations;
  return JSON.stringify({
    ...file,
    annotations: [{ ...first, ...fields }, ...others],
  });
}

function readShared(path: string): Promise<string> {
  return Deno.readTextFile(new URL(`data/${path}`, sharedUrl));
}
