// Every notebook of the project keeps to how a notebook reads.

import { deepEqual, match, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import {
  codeCells,
  type Notebook,
  readNotebook,
  textCells,
} from "../../lib/cli/notebook_file.ts";

const folder = fileURLToPath(new URL("../../notebooks/", import.meta.url));
const names = [...Deno.readDirSync(folder)].map(({ name }) => name)
  .filter((name) => name.endsWith(".ipynb")).sort();

Deno.test("notebooks/ holds seven notebooks, numbered in learning order", () => {
  const numbers = names.map((name) => name.slice(0, 3));
  deepEqual(numbers, ["01_", "02_", "03_", "04_", "05_", "06_", "07_"]);
});

for (const [i, name] of names.entries()) {
  const path = folder + name;

  Deno.test(`${name} is smaller than 100 kB with its outputs`, async () => {
    match(name, /^\d\d_[a-z0-9_]+\.ipynb$/);
    const { size } = await Deno.stat(path);
    ok(size < 100_000, `${size} bytes`);
  });

  Deno.test(`${name} begins with what it gives, needs and takes, then the import, then the parameters`, async () => {
    const notebook = await readNotebook(path);
    const [first] = notebook.cells;
    deepEqual(first.cell_type, "markdown");
    const [promise] = textCells(notebook);
    match(promise, /^# \S.*\n\n\S/);
    match(promise, /You need/);
    match(promise, /It takes/);
    match(codeCells(notebook)[0], /import \* as med from "medannotate"/);
    const tagged = notebook.cells.filter(({ cell_type }) =>
      cell_type === "code"
    ).map(({ metadata }) => tagsOf(metadata).includes("parameters"));
    deepEqual(tagged.indexOf(true), 1);
    deepEqual(tagged.lastIndexOf(true), 1);
    // nothing but choices; papermill sets others by declaring them once more
    match(codeCells(notebook)[1], /^(var .+\n?)+$/);
  });

  Deno.test(`${name} has cells of 1 to 6 lines that define no function, as many texts as cells`, async () => {
    const notebook = await readNotebook(path);
    const cells = codeCells(notebook);
    const long = cells.filter((cell) => cell.trim().split("\n").length > 6);
    deepEqual(long, []);
    const functions = /\bfunction\b|^(const|let) \w+ = (async )?\(.*=>/m;
    deepEqual(cells.filter((cell) => functions.test(cell)), []);
    const balance = textCells(notebook).length / cells.length;
    ok(balance >= 0.8 && balance <= 1.25, `${balance} texts for each cell`);
  });

  Deno.test(`${name} asserts what its texts say`, async () => {
    const cells = codeCells(await readNotebook(path));
    match(cells[0], /from "node:assert\/strict"/);
    ok(cells.filter((cell) => /^(ok|equal|throws)\(/m.test(cell)).length >= 3);
  });

  Deno.test(`${name} closes what it opened and links the next notebook`, async () => {
    const notebook = await readNotebook(path);
    const last = notebook.cells[notebook.cells.length - 1];
    deepEqual(last.cell_type, "code");
    match(codeCells(notebook).at(-1) ?? "", /\.close\(\);/);
    const next = names[i + 1] ?? names[0];
    ok(textCells(notebook).at(-1)?.includes(`](${next})`), next);
  });

  Deno.test(`${name} links only what is there`, async () => {
    const texts = textCells(await readNotebook(path)).join("\n");
    for (const [, target] of texts.matchAll(/\]\(([^)#:]+)\)/g)) {
      await Deno.stat(new URL(target, `file://${path}`));
    }
  });

  Deno.test(`${name} has the outputs of a run from top to bottom`, async () => {
    const { cells } = await readNotebook(path);
    const code = cells.filter(({ cell_type }) => cell_type === "code");
    const counts = code.map((cell) => cell.execution_count);
    deepEqual(counts, code.map((_, i) => i + 1));
    const outputs = outputsOf({ cells });
    ok(outputs.every(({ output_type }) => output_type !== "error"));
    ok(outputs.length >= code.length - 3); // import, choices and closing show nothing
  });

  Deno.test(`${name} keeps of progress only the last line, and no script`, async () => {
    const outputs = JSON.stringify(outputsOf(await readNotebook(path)));
    ok(!/<progress|s left/.test(outputs));
    ok(!/<script|<iframe|plotly/.test(outputs));
  });
}

function outputsOf({ cells }: Pick<Notebook, "cells">) {
  return cells.flatMap(({ outputs = [] }) => outputs);
}

function tagsOf({ tags }: Record<string, unknown>): readonly unknown[] {
  return Array.isArray(tags) ? tags : [];
}
