import { deepEqual, equal, ok } from "node:assert/strict";
import { exportVerb } from "../../lib/cli/export.ts";
import { importVerb } from "../../lib/cli/import.ts";
import { inFolder } from "../media/temporary_folder.ts";
import { noise, ring } from "../work/export/made_sequence.ts";
import { writeFrames } from "../work/import_labels/made_store.ts";
import { callVerb } from "./call_verb.ts";
import { encodePalettePng, vocColour } from "medannotate";

const size = { width: 24, height: 20 };
const palette = [vocColour(0), vocColour(1)];

/** Two frames, and a mask of each in a folder as DAVIS has it. */
async function writeClip(folder: string) {
  const clip = await writeFrames(folder, [noise(size, 1), noise(size, 2)]);
  for (const [i, outer] of [5, 7].entries()) {
    const path = `${folder}/masks/0000${i}.png`;
    await Deno.mkdir(`${folder}/masks`, { recursive: true });
    const mask = ring(size, { x: 12, y: 10, outer });
    await Deno.writeFile(path, encodePalettePng(mask, palette));
  }
  return clip;
}

Deno.test(
  "deno task import --labels takes masks along, and export --diff says what changed since",
  inFolder(async (folder) => {
    const clip = await writeClip(folder);
    const data = ["--data", `${folder}/data`];
    const json = async (...call: Parameters<typeof callVerb>) => {
      const { code, stdout, stderr } = await callVerb(...call);
      equal(code, 0, stderr);
      return JSON.parse(stdout);
    };
    const labels = ["--labels", `${folder}/masks`];
    const imported = await json(importVerb, [
      ...[clip, ...labels, "--labels-format", "davis", ...data, "--json"],
    ]);
    deepEqual(
      [imported.sequenceId, imported.labels.format, imported.labels.masks],
      [1, "davis", 2],
    );
    const exportTo = (out: string) =>
      callVerb(exportVerb, [
        ...["--format", "voc", "--out", `${folder}/${out}`, ...data],
      ]);
    equal((await exportTo("old")).code, 0);
    await Deno.remove(`${folder}/masks/00000.png`);
    await Deno.writeFile(
      `${folder}/masks/00001.png`,
      encodePalettePng(ring(size, { x: 9, y: 9, outer: 3 }), palette),
    );
    const again = await callVerb(importVerb, [clip, ...labels, ...data]);
    ok(again.stdout.includes("davis: 1 masks and 0 boxes on 1 frames"));
    equal((await exportTo("new")).code, 0);

    const diff = ["--diff", `${folder}/old`, `${folder}/new`];
    const text = await callVerb(exportVerb, diff);
    equal(text.stdout, "~ labels of clip-1_00001: ~1");
    const difference = await json(exportVerb, [...diff, "--json"]);
    deepEqual(
      [difference.same, difference.relabelled],
      [false, [{
        image: "clip-1_00001",
        added: [],
        removed: [],
        changed: [1],
      }]],
    );
  }),
);

Deno.test(
  "deno task import and export say what is wrong with labels, splits and exports",
  inFolder(async (folder) => {
    const clip = await writeClip(folder);
    const data = ["--data", `${folder}/data`];
    const attempt = async (...call: Parameters<typeof callVerb>) => {
      const { code, stdout, stderr } = await callVerb(...call);
      equal(stdout, "");
      return `${code} ${stderr}`;
    };
    const wrongFormat = [clip, "--labels", "x", "--labels-format", "zip"];
    ok(
      (await attempt(importVerb, [...wrongFormat, ...data]))
        .startsWith("2 error: --labels-format is zip, expected one of yolo"),
    );
    ok(
      (await attempt(importVerb, [clip, "--labels-format", "voc", ...data]))
        .startsWith("2 error: --labels-format goes with --labels"),
    );
    ok(
      (await attempt(importVerb, [
        ...[clip, "--labels", `${folder}/none`, ...data],
      ])).startsWith("1 error: Cannot import labels"),
    );
    ok(
      (await attempt(exportVerb, ["--diff", folder]))
        .startsWith("2 error: --diff takes two exports"),
    );
    ok(
      (await attempt(exportVerb, ["--diff", folder, folder]))
        .startsWith("1 error: Cannot read the snapshot"),
    );
  }),
);
