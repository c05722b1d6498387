import { equal, ok, throws } from "node:assert/strict";
import { demoPage } from "medannotate";
import { report } from "./made_report.ts";

/** The page without the scripts, which hold plotly. */
function bodyOf(page: string): string {
  return page.replaceAll(/<script[^>]*>[\s\S]*?<\/script>/g, "");
}

Deno.test("demoPage() shows the result, the figures and where it comes from", () => {
  const body = bodyOf(demoPage(report));
  for (
    const text of [
      "<h1>Sample</h1>",
      "One object on 3 frames.",
      "3 frames of 20 × 10 pixels",
      "2 of 3", // on frame 2 the object is absent
      "predicted IoU 0.70",
      "1 min 01 s",
      '<a href="set/data.yaml">set/data.yaml</a>',
      "1.4 kB",
      'src="overlay%20of%20it.mp4"',
      "<dd>MIT</dd>",
      "<dd>2026-01-02T03:04:05Z</dd>",
    ]
  ) ok(body.includes(text), text);
  // The drift of the frame without the object does not count.
  ok(body.includes('data-label="highest drift">0.30<'));
});

Deno.test("demoPage() loads nothing: every source is inside the page or beside it", () => {
  const page = demoPage(report);
  const body = bodyOf(page);
  const sources = [...body.matchAll(/(?:src|href)="([^"]*)"/g)].map((m) =>
    m[1]
  );
  ok(sources.length >= 6);
  for (const source of sources) {
    ok(!/^(\w+:)?\/\//.test(source), source);
    ok(source.startsWith("data:") || !source.includes(":"), source);
  }
  ok(page.includes("default-src &#39;none&#39;"));
  ok(!/<script[^>]+src/.test(page) && !body.includes("<link"));
});

Deno.test("demoPage() escapes what it is given", () => {
  const evil = "</script><script>alert(1)</script>&\"'";
  const page = demoPage({
    ...report,
    title: evil,
    result: evil,
    notes: [evil],
    objects: [{ ...report.objects[0], name: evil }],
    files: [{ path: '"><img src=x>/a.txt', bytes: 1, about: evil }],
  });
  ok(!page.includes("<script>alert"));
  ok(!page.includes("<img src=x>"));
  // The scripts are those of the page: plotly, the data, the drawing.
  equal(
    page.match(/<script/g)?.length,
    demoPage(report).match(/<script/g)?.length,
  );
});

Deno.test("demoPage() says when a machine chose the click", () => {
  ok(!demoPage(report).includes("A machine chose this click"));
  const byMachine = demoPage({ ...report, clickedBy: "machine" });
  ok(byMachine.includes("A machine chose this click"));
});

Deno.test("demoPage() links only to what lies below it", () => {
  for (const path of ["../secret", "/etc/passwd", "a/../../b", "C:\\x"]) {
    throws(() => demoPage({ ...report, video: path }), /expected a path below/);
  }
  ok(demoPage({ ...report, video: "masks/" }).includes('src="masks"'));
});
