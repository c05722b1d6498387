// Every notebook of the project keeps to how a notebook reads.

import { deepEqual, match, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import {
  codeCells,
  readNotebook,
  textCells,
} from "../../lib/cli/notebook_file.ts";

const folder = fileURLToPath(new URL("../../notebooks/", import.meta.url));
const names = [...Deno.readDirSync(folder)].map(({ name }) => name)
  .filter((name) => name.endsWith(".ipynb")).sort();

Deno.test("notebooks/ holds at least one notebook", () => ok(names.length > 0));

for (const name of names) {
  const path = folder + name;

  Deno.test(`${name} is numbered and smaller than 150 kB`, async () => {
    match(name, /^\d\d_[a-z0-9_]+\.ipynb$/);
    ok((await Deno.stat(path)).size < 150_000);
  });

  Deno.test(`${name} begins with a title, then imports`, async () => {
    const notebook = await readNotebook(path);
    deepEqual(notebook.cells[0].cell_type, "markdown");
    match(textCells(notebook)[0], /^# /);
    match(codeCells(notebook)[0], /from "medannotate"/);
  });

  Deno.test(`${name} has cells of 1 to 6 lines that define no function`, async () => {
    const notebook = await readNotebook(path);
    const cells = codeCells(notebook);
    const long = cells.filter((cell) => cell.trim().split("\n").length > 6);
    deepEqual(long, []);
    deepEqual(cells.filter((cell) => /\bfunction\b/.test(cell)), []);
    ok(textCells(notebook).length >= cells.length * 0.8);
  });

  Deno.test(`${name} has the outputs of a run from top to bottom`, async () => {
    const { cells } = await readNotebook(path);
    const code = cells.filter(({ cell_type }) => cell_type === "code");
    const counts = code.map((cell) => cell.execution_count);
    deepEqual(counts, code.map((_, i) => i + 1));
    const outputs = code.flatMap(({ outputs = [] }) => outputs);
    ok(outputs.every(({ output_type }) => output_type !== "error"));
    ok(outputs.length >= code.length - 2); // import and choices show nothing
  });
}
