import { deepEqual, equal, ok } from "node:assert/strict";
import {
  compareValidation,
  validationChecks,
} from "../../../lib/work/parity/yolo_predictions.ts";
import { sharedTest, sharedUrl } from "../../shared.ts";

const folder = new URL("golden/yolo", sharedUrl).pathname;

sharedTest(
  "compareValidation() finds the package's numbers within the goldens' tolerances",
  async () => {
    const found = await compareValidation(folder);
    deepEqual(found.filter((comparison) => !comparison.ok), []);
    ok(
      found.some(({ name }) =>
        name === "predict-seg/val-metrics/square/masks COCO AP"
      ),
    );
    const checks = await validationChecks(folder);
    equal(found.length, checks.reduce((sum, { count }) => sum + count, 0));
  },
);
