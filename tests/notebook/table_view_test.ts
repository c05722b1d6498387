import { equal } from "node:assert/strict";
import { jupyterDisplay, viewTable } from "medannotate";

Deno.test("viewTable() escapes texts and puts numbers to the right", async () => {
  const table = viewTable([{ tag: "<b>", px: 3 }]);
  const { "text/html": html = "" } = await table[jupyterDisplay]();
  equal(html.includes('<td style="text-align: left">&lt;b&gt;</td>'), true);
  equal(html.includes('<td style="text-align: right">3</td>'), true);
});

Deno.test("viewTable() leaves a cell empty where a row has no such column", async () => {
  const table = viewTable([{ a: 1 }, { b: null }]);
  const looks = await table[jupyterDisplay]();
  equal(looks["text/plain"], "a\tb\n1\t\n\t");
});
