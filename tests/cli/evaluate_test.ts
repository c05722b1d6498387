import { deepEqual, equal, ok } from "node:assert/strict";
import { parseCsv } from "medannotate";
import { inFolder } from "../media/temporary_folder.ts";
import { runVerb } from "./call_verb.ts";

async function writeFiles(folder: string) {
  const images = [{ id: 1, width: 100, height: 100, file_name: "a.png" }];
  const categories = [{ id: 1, name: "polyp" }];
  const annotations = [{
    id: 1,
    image_id: 1,
    category_id: 1,
    bbox: [10, 10, 20, 20],
  }];
  await Deno.writeTextFile(
    `${folder}/truth.json`,
    JSON.stringify({ images, categories, annotations }),
  );
  const found = {
    image_id: 1,
    category_id: 1,
    bbox: [10, 10, 20, 20],
    score: 0.9,
  };
  await Deno.writeTextFile(`${folder}/found.json`, JSON.stringify([found]));
  return [
    "predictions",
    "--truth",
    `${folder}/truth.json`,
    "--predictions",
    `${folder}/found.json`,
  ];
}

Deno.test(
  "deno task evaluate predictions prints a row for each class, and writes tables",
  inFolder(async (folder) => {
    const words = await writeFiles(folder);
    const { code, stdout, stderr } = await runVerb("evaluate", [
      ...words,
      "--out",
      `${folder}/out`,
    ]);
    equal(code, 0, stderr);
    ok(/^polyp +1 +1 +1.0000 +1.0000 +0.9950/m.test(stdout), stdout);
    const read = (name: string) => Deno.readTextFile(`${folder}/out/${name}`);
    const rows = parseCsv(await read("classes.csv")).map(({ cells }) => cells);
    deepEqual(rows[1].slice(0, 5), [
      "boxes",
      "ultralytics 8.4",
      "polyp",
      "1",
      "1",
    ]);
    equal(parseCsv(await read("curves-boxes.csv")).length, 2001); // a head, all, polyp
    deepEqual(parseCsv(await read("confusion.csv"))[1].cells, [
      "polyp",
      "1",
      "0",
    ]);
    equal(JSON.parse(await read("metrics.json")).labels, 1);
  }),
);

Deno.test("deno task evaluate refuses words and options that do not belong together", async () => {
  const refused = async (message: RegExp, ...words: string[]) => {
    const { code, stderr } = await runVerb("evaluate", words);
    equal(code, 2, stderr);
    ok(message.test(stderr), stderr);
  };
  await refused(
    /evaluate nothing is not there, expected detector or predictions or clips/,
    "nothing",
  );
  await refused(
    /--masks does not belong to evaluate predictions/,
    "predictions",
    "--masks",
    "x",
  );
  await refused(/expected --truth/, "clips");
});
