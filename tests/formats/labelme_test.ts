import { deepEqual, equal, throws } from "node:assert/strict";
import { labelmeJson, parseLabelme } from "medannotate";
import { sharedTest, sharedUrl } from "../shared.ts";

const shape = {
  label: "polyp",
  points: [[1, 2], [3, 4.5], [5, 0]],
  shape_type: "polygon",
};
const file = { shapes: [shape], imageHeight: 9, imageWidth: 12 };

Deno.test("parseLabelme() reads groups, kinds and what other programs leave out", () => {
  const shapes = [
    { ...shape, group_id: 2 },
    { ...shape, group_id: null },
    { ...shape, group_id: {} },
    { ...shape, shape_type: "rectangle", points: [[5, 5], [1, 2]] },
    { ...shape, shape_type: "point", points: [[5, 5]] },
    { label: "old", points: [[0, 0], [1, 0], [1, 1]] },
  ];
  const read = parseLabelme(JSON.stringify({ ...file, shapes }));
  deepEqual(read.shapes.map(({ kind, group }) => [kind, group]), [
    ["polygon", 2],
    ["polygon", null],
    ["polygon", null],
    ["rectangle", null],
    ["polygon", null],
  ]);
  deepEqual([read.passedOver, read.imagePath], [1, ""]);
});

Deno.test("labelmeJson() writes what labelme opens", () => {
  const points = [{ x: 0, y: 0 }, { x: 4, y: 0 }, { x: 4, y: 3 }];
  const text = labelmeJson({
    imagePath: "a.jpg",
    size: { width: 8, height: 6 },
    shapes: [{ label: "polyp", group: 1, kind: "polygon", points }],
  });
  const { imageData, shapes: [written], ...rest } = JSON.parse(text);
  equal(imageData, null);
  deepEqual([written.points, written.group_id, written.shape_type], [
    [[0, 0], [4, 0], [4, 3]],
    1,
    "polygon",
  ]);
  deepEqual([rest.imageWidth, rest.imageHeight, rest.flags], [8, 6, {}]);
});

Deno.test("parseLabelme() says what is wrong", () => {
  throws(() => parseLabelme("{"), /not JSON/);
  throws(() => parseLabelme("{}"), { name: "SyntaxError" });
  const short = { ...shape, points: [[1, 2], [3, 4]] };
  throws(
    () => parseLabelme(JSON.stringify({ ...file, shapes: [short] })),
    /shape 1, a polygon, has 2 points, expected at least 3/,
  );
});

sharedTest("parseLabelme() reads all files of CholecInstanceSeg", () => {
  const folder = new URL(
    "data/cholecinst-10f/_sample_files/VID03_t80_sparse/ann_dir/",
    sharedUrl,
  );
  const files = [...Deno.readDirSync(folder)].map(({ name }) =>
    parseLabelme(Deno.readTextFileSync(new URL(name, folder)))
  );
  equal(files.length, 10);
  equal(files.flatMap(({ shapes }) => shapes).length, 25);
  for (const { size } of files) deepEqual(size, { width: 854, height: 480 });
});
