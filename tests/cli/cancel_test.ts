// Ctrl-C while a verb works.

import { equal, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { listMasks } from "../../lib/store/masks.ts";
import { listRuns } from "../../lib/store/runs.ts";
import { openDataStore } from "../../lib/work/open_store.ts";
import { inFolder } from "../media/temporary_folder.ts";

const path = (place: string) => fileURLToPath(new URL(place, import.meta.url));

Deno.test(
  "propagate is gone within two seconds of Ctrl-C, keeps what it has and goes on later",
  inFolder(async (folder) => {
    const args = [
      "run",
      "-A",
      path("../../lib/cli/propagate.ts"),
      path("../../data/sample/clip.mp4"),
      "--prompts",
      path("../../data/sample/prompts.json"),
      "--data",
      folder,
      "--device",
      "cpu",
    ];
    const start = () =>
      new Deno.Command(Deno.execPath(), {
        args,
        stdout: "null",
        stderr: "piped",
      }).spawn();
    const committed = async () => {
      const isThere = await Deno.stat(`${folder}/medannotate.db`)
        .then(() => true, () => false);
      if (!isThere) return { masks: 0, run: undefined };
      const store = await openDataStore({ folder });
      const masks = (await listMasks(store, 1)).length;
      const run = (await listRuns(store, 1)).at(-1);
      await store.close();
      return { masks, run };
    };

    const child = start();
    while (((await committed()).run?.framesDone ?? 0) < 3) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const startMs = performance.now();
    child.kill("SIGINT");
    const { code, stderr } = await child.output();
    const goneMs = performance.now() - startMs;
    equal(code, 130, new TextDecoder().decode(stderr));
    ok(goneMs < 2000, `it took ${goneMs} ms`);
    const { run, masks } = await committed();
    equal(run?.status, "cancelled");
    ok(run.framesDone >= 3 && run.framesDone < run.framesTotal);
    ok(masks >= run.framesDone);

    const { code: again } = await start().output();
    equal(again, 0);
    const done = await committed();
    equal(done.run?.status, "done");
    equal(done.run.id, run.id);
  }),
);
