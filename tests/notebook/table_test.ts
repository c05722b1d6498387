import { equal } from "node:assert/strict";
import { jupyterDisplay, table } from "medannotate";

Deno.test("table() escapes texts and puts numbers to the right", async () => {
  const shown = table([{ tag: "<b>", px: 3 }]);
  const { "text/html": html = "" } = await shown[jupyterDisplay]();
  equal(html.includes('<td style="text-align: left">&lt;b&gt;</td>'), true);
  equal(html.includes('<td style="text-align: right">3</td>'), true);
});

Deno.test("table() leaves a cell empty where a row has no such column", async () => {
  const shown = table([{ a: "x", b: 10 }, { a: "y", c: "z" }]);
  const looks = await shown[jupyterDisplay]();
  equal(looks["text/plain"], "a   b  c\nx  10\ny      z");
});
