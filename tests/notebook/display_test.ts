import { deepEqual, equal } from "node:assert/strict";
import { displayed, jupyterDisplay } from "medannotate";

Deno.test("displayed() keeps pictures out of HTML, where a repository page would lose them", async () => {
  const picture = {
    mime: "image/png",
    bytes: Uint8Array.of(1, 2, 3),
    widthPx: 8,
  } as const;
  const value = displayed({ a: 1 }, { text: "a chart", picture }, {
    text: "its table",
    html: "<table></table>",
  });
  equal(value.a, 1);
  deepEqual(await value[jupyterDisplay](), {
    "image/png": "AQID",
    "text/html": "<table></table>",
    "text/plain": "its table",
  });
});
