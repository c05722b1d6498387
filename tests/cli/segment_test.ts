import { deepEqual, equal, match } from "node:assert/strict";
import { areaPx, boxOf, encodePng, readImage, readMask } from "medannotate";
import { segment } from "../../lib/cli/segment.ts";
import { inFolder } from "../media/temporary_folder.ts";
import { writeFrames } from "../work/small_clip.ts";
import { callVerb } from "./call_verb.ts";

const small = ["--size", "64", "--device", "cpu"];
const lenient = ["--grid", "6", "--min-iou", "0.3", "--min-stability", "0.2"];

async function listNames(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  return entries.map(({ name }) => name).sort();
}

Deno.test(
  "segment --everything writes every mask, their numbers and an overlay",
  inFolder(async (folder) => {
    await writeFrames(`${folder}/frames`);
    const out = `${folder}/out`;
    const call = (...args: string[]) =>
      callVerb(segment, [
        `${folder}/frames/003.png`,
        "--everything",
        "--out",
        out,
        "--json",
        ...small,
        ...args,
      ]);
    const { code, stdout, stderr } = await call(...lenient);
    equal(code, 0, stderr);
    const { masks } = JSON.parse(stdout);
    const told = JSON.parse(await Deno.readTextFile(`${out}/everything.json`));
    deepEqual(told, { width: 160, height: 120, masks });
    deepEqual(await listNames(out), [
      "everything.json",
      ...masks.map(({ file }: { file: string }) => file),
      "overlay.png",
    ]);
    for (const row of masks) {
      const mask = await readMask(`${out}/${row.file}`);
      equal(areaPx(mask), row.areaPx);
      const { x0, y0, x1, y1 } = boxOf(mask)!;
      deepEqual([x0, y0, x1, y1], row.box);
    }
    const { width, height } = await readImage(`${out}/overlay.png`);
    deepEqual([width, height], [160, 120]);

    // a stricter run leaves none of the earlier masks, and what is not ours
    await Deno.writeTextFile(`${out}/mask-999.png`, "someone else's");
    const stricter = await call("--grid", "2", "--min-iou", "1");
    deepEqual(JSON.parse(stricter.stdout).masks, []);
    deepEqual(await listNames(out), [
      "everything.json",
      "mask-999.png",
      "overlay.png",
    ]);
  }),
);

Deno.test("segment --everything refuses what it cannot use", async () => {
  for (
    const [args, why] of [
      [["--everything"], /--everything needs --out FOLDER/],
      [["--everything", "--out", "x", "--point", "1,2,+"], /takes no --point/],
      [["--everything", "--out", "x", "--min-iou", "2"], /--min-iou is 2/],
      [["--everything", "--out", "x", "--grid", "0"], /--grid is 0/],
    ] as const
  ) {
    const { code, stderr } = await callVerb(segment, ["no.png", ...args]);
    equal(code, 2);
    match(stderr, why);
  }
});

Deno.test(
  "segment --everything stops on Ctrl-C and leaves no list of masks",
  inFolder(async (folder) => {
    const image = { width: 32, height: 32, data: new Uint8Array(32 * 32 * 3) };
    await Deno.writeFile(`${folder}/a.png`, await encodePng(image));
    const { code } = await callVerb(segment, [
      `${folder}/a.png`,
      "--everything",
      "--out",
      `${folder}/out`,
      ...small,
    ], { signal: AbortSignal.abort() });
    equal(code, 130);
    deepEqual(await listNames(`${folder}/out`), []);
  }),
);
