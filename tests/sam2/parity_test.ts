import { deepEqual, equal } from "node:assert/strict";
import { openRuntime } from "../../lib/runtime/runtime.ts";
import { compareFolder } from "../../lib/work/parity/parity.ts";
import { sharedTest, sharedUrl } from "../shared.ts";

async function compared(folder: URL, only?: RegExp) {
  const runtime = await openRuntime({ device: "cpu" });
  try {
    const report = await compareFolder(folder.pathname, runtime, { only });
    deepEqual(report.missing, []);
    deepEqual(report.tensors.filter(({ ok }) => !ok), []);
    equal(report.compared, report.expected);
    deepEqual(await runtime.count(), { sessions: 0, held: 0 });
    return report;
  } finally {
    runtime.close();
  }
}

Deno.test("compareFolder() finds modules, sessions and the image predictor of the mini model equal to the official ones", async () => {
  const report = await compared(new URL("../golden/sam2/", import.meta.url));
  equal(report.ok, true);
});

sharedTest(
  "compareFolder() finds SAM 2.1 tiny at 512 equal to the official one",
  async () => {
    const golden = new URL("golden/sam2/", sharedUrl);
    const { compared: count } = await compared(golden, /full-size\/tiny\/512/);
    equal(count, 48);
  },
);
