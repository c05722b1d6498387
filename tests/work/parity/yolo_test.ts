import { ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { openRuntime } from "medannotate";
import { compareFolder } from "../../../lib/work/parity/parity.ts";
import { sharedTest, sharedUrl } from "../../shared.ts";

async function requireParity(folder: URL, least: number) {
  const runtime = await openRuntime({ device: "cpu" });
  try {
    const report = await compareFolder(fileURLToPath(folder), runtime);
    const wrong = report.tensors.filter((tensor) => !tensor.ok);
    ok(report.ok, JSON.stringify([wrong.slice(0, 5), report.missing]));
    ok(report.compared >= least, `${report.compared} compared`);
  } finally {
    runtime.close();
  }
}

Deno.test("compareFolder() agrees with the small goldens of YOLO: forward, training step, letterbox, suppression", async () => {
  await requireParity(new URL("../../golden/yolo/", import.meta.url), 360);
});

sharedTest(
  "compareFolder() agrees with all goldens of YOLO, trained files included",
  async () => {
    await requireParity(new URL("golden/yolo/", sharedUrl), 3755);
  },
);
