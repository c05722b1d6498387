import { equal, ok } from "node:assert/strict";
import { experimentPage } from "../../../lib/work/report/experiment_page.ts";
import { madeExperiment } from "./made_experiment.ts";

const pictures = new Map([["failures/01_a.jpg", "data:image/jpeg;base64,AA"]]);

Deno.test("experimentPage() shows what limits the numbers first, then all that is known", () => {
  const page = experimentPage(madeExperiment(), pictures);
  const order = [
    "<h1>About polyp</h1>",
    "2026-01-02T03:04:05.000Z",
    "mark of polyp",
    "The data set has no certificate",
    "Class balance",
    "66.7 %", // two of three labels
    "2 problems",
    "2 epochs in 20.0 s; best epoch 2",
    "box loss",
    "learning rate",
    "polyp.pt on val: 2 images, 2 labels, 1 detections",
    "mAP50-95",
    "0.500 (0.250 to 0.750)",
    "precision by recall, IoU 0.5",
    "forceps labelled, detected as nothing: 1",
    "sensitivity per lesion",
    "never",
    "data:image/jpeg;base64,AA",
    "a.png: missed polyp",
    "2 detections on 1 of 3 frames",
    "Highest drift",
    "ab".repeat(32),
    "<h3>Seeds</h3>",
    "medannotate 9.9.9, Deno 2.0.0, onnxruntime 1.2.3",
    "deno task report --run polyp",
  ];
  let at = 0;
  for (const text of order) {
    const found = page.indexOf(text, at);
    ok(found >= 0, `${text} is not behind ${page.slice(at - 40, at)}`);
    at = found;
  }
});

Deno.test("experimentPage() loads nothing, runs nothing, and says so to the browser", () => {
  const page = experimentPage(madeExperiment(), pictures);
  ok(page.includes("default-src &#39;none&#39;"));
  ok(!/<script|<link|<iframe|@import|url\(/.test(page));
  for (const [, source] of page.matchAll(/(?:src|href)="([^"]*)"/g)) {
    ok(source.startsWith("data:") || source.startsWith("#"), source);
  }
});

Deno.test("experimentPage() escapes every text that comes from files", () => {
  const evil = `<script>alert(1)</script>"'&<img src=x onerror=alert(2)>`;
  const page = experimentPage(madeExperiment(evil), pictures);
  ok(!page.includes("<script"));
  ok(!page.includes("<img src=x"));
  // the same elements, whatever the names are
  const elements = (text: string) =>
    text.match(/<[a-z][a-z0-9]*/g)?.sort().join();
  equal(elements(page), elements(experimentPage(madeExperiment(), pictures)));
  ok(page.includes("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;"));
});

Deno.test("experimentPage() differs from one hour to another in one line", () => {
  const early = madeExperiment();
  const late = { ...early, date: "2027-05-06T07:08:09.000Z" };
  const [a, b] = [early, late].map((one) =>
    experimentPage(one, pictures).split("\n")
  );
  equal(a.length, b.length);
  const different = a.flatMap((line, i) => line === b[i] ? [] : [line]);
  equal(different.length, 1);
  equal(different[0], '<p class="soft">2026-01-02T03:04:05.000Z</p>');
});

Deno.test("experimentPage() says less where less is known", () => {
  const { data: _, training, evaluation: __, detection: ___, ...rest } =
    madeExperiment();
  const { propagation: ____, ...bare } = rest;
  const page = experimentPage({ ...bare, ...(training && { training }) });
  ok(page.includes("A training of 2 epochs."));
  for (const id of ["data", "evaluation", "detection", "propagation"]) {
    ok(!page.includes(`id="${id}"`), id);
  }
});
