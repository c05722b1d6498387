import { deepEqual, equal, ok } from "node:assert/strict";
import { openRuntime, trainDetector } from "medannotate";
import { inFolder } from "../media/temporary_folder.ts";
import { makeDataSet } from "../work/train/made_data_set.ts";
import { runVerb } from "./call_verb.ts";

Deno.test(
  "deno task evaluate detector and report print their results, as one line with --json",
  inFolder(async (folder) => {
    const data = await makeDataSet(`${folder}/data`);
    const runtime = await openRuntime({ device: "cpu" });
    const run = `${folder}/run`;
    const { bestWeights } = await trainDetector(runtime, {
      ...{ data, out: run, side: 64, batch: 2, epochs: 1, closeMosaic: 1 },
    }).finally(() => runtime.close());

    const words = ["detector", "--data", data, "--model", bestWeights];
    const evaluation = [...words, "--out", `${run}/evaluation`];
    const said = await runVerb("evaluate", [...evaluation, "--device", "cpu"]);
    equal(said.code, 0, said.stderr);
    ok(/best\.safetensors .* on val of /.test(said.stdout), said.stdout);
    ok(said.stdout.includes("the data set tells no patients: no intervals"));

    const json = await runVerb("evaluate", [
      ...words,
      ...["--device", "cpu", "--square", "--confidence", "0.5", "--json"],
    ]);
    equal(json.code, 0, json.stderr);
    const lines = json.stdout.split("\n");
    deepEqual(lines.slice(1), [""]);
    const measured = JSON.parse(lines[0]);
    deepEqual(
      [measured.images, measured.settings.isRect, measured.settings.confidence],
      [3, false, 0.5],
    );
    equal(measured.boxes.curves, undefined);

    const report = await runVerb("report", [
      ...["--run", run, "--evaluation", `${run}/evaluation`],
      ...["--out", `${folder}/it.html`, "--json"],
    ]);
    equal(report.code, 0, report.stderr);
    const written = JSON.parse(report.stdout.trimEnd());
    deepEqual(written.parts, ["data", "training", "evaluation"]);
    const page = await Deno.readTextFile(written.page);
    ok(page.includes("deno task evaluate detector"));
    ok((await Deno.stat(written.json)).isFile);
  }),
);

Deno.test("deno task evaluate detector and report say what they need", async () => {
  const refused = async (verb: string, message: RegExp, ...words: string[]) => {
    const { code, stderr } = await runVerb(verb, words);
    equal(code, 2, stderr);
    ok(message.test(stderr), stderr);
  };
  await refused("evaluate", /expected --data/, "detector");
  await refused(
    "evaluate",
    /--iou is 2, expected a number above 0, at most 1/,
    ...["detector", "--data", "x", "--model", "y", "--iou", "2"],
  );
  await refused(
    "evaluate",
    /--square does not belong to evaluate clips/,
    ...["clips", "--square"],
  );
  await refused(
    "evaluate",
    /--part is all, expected one of train, val, test/,
    ...["detector", "--data", "x", "--model", "y", "--part", "all"],
  );
  await refused("report", /expected --run and --out/, "--run", "x");
});
