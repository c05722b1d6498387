import { equal, match } from "node:assert/strict";
import { importVerb } from "../../lib/cli/import.ts";
import { tune } from "../../lib/cli/tune.ts";
import { inFolder } from "../media/temporary_folder.ts";
import { writeFrames } from "../work/small_clip.ts";
import { callVerb } from "./call_verb.ts";

Deno.test(
  "deno task tune says what is missing: a folder, a sequence, verified masks",
  inFolder(async (folder) => {
    const data = ["--data", `${folder}/data`, "--device", "cpu"];
    const out = ["--out", `${folder}/tuned`];
    const failed = async (code: number, ...words: string[]) => {
      const { code: found, stderr } = await callVerb(tune, [...words, ...data]);
      equal(found, code, stderr);
      return stderr;
    };
    match(await failed(2), /expected --out/);
    match(await failed(2, ...out, "--rate", "0"), /--rate is 0, expected/);
    match(await failed(1, ...out), /the store has no sequence/);

    await writeFrames(`${folder}/frames`);
    const imported = await callVerb(importVerb, [
      `${folder}/frames`,
      "--data",
      `${folder}/data`,
    ]);
    equal(imported.code, 0, imported.stderr);
    match(await failed(1, ...out), /hold no verified frame/);
    match(
      await failed(1, ...out, "--split", "time,train=0.6,val=0.4"),
      /add --force/,
    );
    match(await failed(1, ...out, "--model", "sam9"), /There is no model sam9/);
  }),
);
