import { deepEqual, equal, ok } from "node:assert/strict";
import { parseCsv } from "medannotate";
import { inFolder } from "../media/temporary_folder.ts";
import { evaluate } from "../../lib/cli/evaluate.ts";
import { callVerb, runVerb } from "./call_verb.ts";

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

Deno.test(
  "deno task evaluate clicks tells clicks and Dice as one object, and leaves a page",
  inFolder(async (folder) => {
    const { code, stdout, stderr } = await runVerb("evaluate", [
      "clicks",
      "--input",
      "data/sample/clip.mp4",
      "--truth",
      "data/sample/truth.json",
      ...["--size", "64", "--device", "cpu", "--every", "80"],
      ...["--max-clicks", "5", "--corrections", "1", "--zoom", "auto"],
      ...["--out", folder, "--json"],
    ]);
    equal(code, 0, stderr);
    const lines = stdout.trim().split("\n");
    equal(lines.length, 1);
    const { stills, video, settings } = JSON.parse(lines[0]);
    deepEqual(settings.zoom, "auto");
    deepEqual(
      stills.noc.map(({ quality }: { quality: number }) => quality),
      [0.8, 0.85, 0.9],
    );
    equal(video.objects, 2);
    equal(video.after.length, 1);
    const files = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    deepEqual(files, ["clicks.html", "clicks.json"]);
  }),
);

Deno.test("deno task evaluate clicks refuses words that do not belong together", async () => {
  const calls: readonly (readonly [string[], RegExp])[] = [
    [["--input", "a"], /--input and --truth go together/],
    [
      ["--input", "a", "--truth", "b", "--sequence", "1"],
      /--input takes no --sequence/,
    ],
    [["--zoom", "maybe"], /--zoom is maybe, expected one of auto, off/],
    [["--max-clicks", "4"], /at least 5/],
    [["--size", "100"], /multiple of 32/],
    [["--confidence", "0.5"], /does not belong to evaluate clicks/],
  ];
  for (const [words, message] of calls) {
    const { code, stderr } = await callVerb(evaluate, ["clicks", ...words]);
    equal(code, 2, stderr);
    ok(message.test(stderr), stderr);
  }
});

Deno.test(
  "deno task evaluate clicks says that nothing in the store is verified",
  inFolder(async (folder) => {
    const { code, stderr } = await callVerb(evaluate, [
      "clicks",
      "--data",
      folder,
    ]);
    equal(code, 1);
    ok(/no mask of 0 sequences is verified/.test(stderr), stderr);
  }),
);
