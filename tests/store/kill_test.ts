// What a killed process leaves: KILLS=50 runs more than the usual five rounds.

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import {
  checkFiles,
  findMask,
  findResumableRun,
  getOrCreateObject,
  listRunMemories,
  openForWriting,
  startRun,
} from "medannotate";
import {
  createTestSequence,
  inStore,
  listFiles,
  runInputs,
} from "./fresh_store.ts";

const kills = Number(Deno.env.get("KILLS") ?? 5);

Deno.test(
  "commitFrame() loses nothing and leaves nothing when killed at any moment",
  inStore(async ({ store, folder }) => {
    const sequence = await createTestSequence(store, {
      name: "long",
      frameCount: 20,
    });
    const object = await getOrCreateObject(store, sequence.id, 1);
    await getOrCreateObject(store, sequence.id, 2);
    let swept = 0;
    for (let round = 0; round < kills; round++) {
      const run = await startRun(store, {
        ...runInputs,
        sequenceId: sequence.id,
      });
      const ids = [sequence.id, object.id, run.id].map(String);
      const child = startChild([store.url, folder, ...ids]);
      const { lines, wasRefused } = await killSoon(child, async () => {
        await rejects(
          openForWriting(store, sequence.id),
          new RegExp(`another process \\(pid ${child.pid}\\) is writing`),
        );
      });
      ok(wasRefused && lines.length > 0);

      // Every printed frame is in the database, at most one more than that.
      const [done] = lines.at(-1)!;
      const { framesDone } = (await findResumableRun(
        store,
        sequence.id,
        "propagate",
      ))!;
      ok(framesDone === done + 1 || framesDone === done + 2, `${framesDone}`);
      const written = new Map(lines.map(([, frame, area]) => [frame, area]));
      if (framesDone === done + 2) {
        written.set((done + 1) % 20, (done + 1) % 13);
      }
      for (const [frame, area] of written) {
        const mask = await findMask(store, { objectId: object.id, frame });
        equal(mask?.areaPx, area);
      }
      // Masks, memories and progress are of one moment.
      const memories = await listRunMemories(store, run.id);
      const expected = Array.from(
        { length: Math.min(7, framesDone) },
        (_, i) => framesDone - 1 - i,
      );
      deepEqual(memories.map(({ frame }) => frame), expected.reverse());
      ok(
        memories.every(({ frame, memory }) => memory.every((v) => v === frame)),
      );

      const writer = await openForWriting(store, sequence.id);
      swept += writer.swept.length;
      deepEqual(writer.repaired, []);
      await writer.close();
      deepEqual(await checkFiles(store, sequence.id), []);
      const files = await listFiles(folder);
      deepEqual(files.filter((file) => /tmp|probe/.test(file)), []);
    }
    console.log(`${kills} kills left ${swept} files to sweep`);
  }),
);

function startChild(args: string[]): Deno.ChildProcess {
  const path = (file: string) => new URL(file, import.meta.url).pathname;
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      "--config",
      path("../../deno.json"),
      path("kill_child.ts"),
      ...args,
    ],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

/** Waits for the first line, tries something, kills at a random moment and returns all complete lines. */
async function killSoon(
  child: Deno.ChildProcess,
  whileRunning: () => Promise<void>,
) {
  let text = "";
  let wasRefused = false;
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (wasRefused) continue;
    wasRefused = true;
    await whileRunning();
    setTimeout(() => child.kill("SIGKILL"), Math.random() * 200);
  }
  equal((await child.status).signal, "SIGKILL");
  const lines = text.split("\n").slice(0, -1);
  return {
    lines: lines.map((line) => line.split(" ").map(Number)),
    wasRefused,
  };
}
