// Real data for tests: the folder `shared` beside the checkout.
//
// It is not part of the project. Where it is absent, the tests that need it
// are ignored, and the run says so once per file; under MEDANNOTATE_CI=1 they
// run all the same, and fail.

import { existsSync } from "node:fs";

/** The folder with real data, beside the checkout. */
export const sharedUrl = new URL("../../shared/", import.meta.url);

/** Whether that folder is there. */
export const hasShared: boolean = existsSync(sharedUrl);

const mustRun = Deno.env.get("MEDANNOTATE_CI") === "1";
let isAnnounced = false;

/** Registers a test on real data, ignored where the folder is absent. */
export function sharedTest(name: string, fn: () => void | Promise<void>) {
  const ignore = !hasShared && !mustRun;
  if (ignore && !isAnnounced) {
    console.log(`Skipped: tests that need ${sharedUrl.pathname}`);
    isAnnounced = true;
  }
  Deno.test({ name: `${name} (needs ../shared)`, ignore, fn });
}
