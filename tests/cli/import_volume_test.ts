import { deepEqual, equal, ok } from "node:assert/strict";
import { importVerb } from "../../lib/cli/import.ts";
import { nifti1 } from "../media/made_volume.ts";
import { inFolder } from "../media/temporary_folder.ts";
import { callVerb } from "./call_verb.ts";

Deno.test(
  "deno task import takes a volume across an axis and through a window",
  inFolder(async (folder) => {
    const values = Array.from({ length: 24 }, (_, i) => i);
    const path = `${folder}/scan.nii`;
    const made = { dims: [4, 3, 2], values, spacingMm: [1, 2, 3] };
    await Deno.writeFile(path, nifti1(made));
    const words = [path, "--data", `${folder}/data`];
    const view = ["--axis", "y", "--window", "5.5,4"];
    const { code, stdout, stderr } = await callVerb(importVerb, [
      ...words,
      ...view,
      "--json",
    ]);
    equal(code, 0, stderr);
    const result = JSON.parse(stdout);
    equal(result.frames, 3);
    deepEqual(result.view, {
      axis: "y",
      spacingMm: { row: 1, column: 3, slice: 2 },
      level: 5.5,
      width: 4,
    });
    const wrong = [["--axis", "w"], ["--window", "5"], ["--window", "5,0"]];
    for (const other of wrong) {
      const { code, stderr } = await callVerb(importVerb, [...words, ...other]);
      equal(code, 2);
      ok(stderr.includes(`${other[0]} is ${other[1]}, expected`), stderr);
    }
    const image = ["data/sample/clip.mp4", "--data", `${folder}/data`];
    const { stderr: refusal } = await callVerb(importVerb, [
      ...image,
      "--axis",
      "x",
    ]);
    ok(/it is no volume/.test(refusal), refusal);
  }),
);
