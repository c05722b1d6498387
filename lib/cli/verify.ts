// deno task verify: prove that frames and labels still belong together.

import { listSequences } from "../store/sequences.ts";
import { type VerifyReport, verifySequence } from "../work/verify.ts";
import { type Command, runCommand } from "./command.ts";
import { openStoreOf, sequenceIdsOf, storeOptions } from "./store_options.ts";

export const verify: Command = {
  name: "verify",
  usage: "[--sequence ID]…",
  summary:
    "Decodes every frame again and compares pixels, times and mask files with the store.",
  options: {
    sequence: {
      type: "string",
      multiple: true,
      help: "a sequence; repeatable, default all",
    },
    ...storeOptions,
  },
  positionals: { least: 0, most: 0 },
  async run(call) {
    const store = await openStoreOf(call);
    try {
      const named = sequenceIdsOf(call);
      const ids = named.length > 0
        ? named
        : (await listSequences(store)).map(({ id }) => id);
      const reports: VerifyReport[] = [];
      for (const id of ids) {
        const report = await verifySequence(store, id, call);
        reports.push(report);
        call.say(
          `sequence ${id}: ${report.frames} frames, ${
            report.problems.length === 0
              ? "frames and labels belong together"
              : `${report.problems.length} problems`
          }`,
        );
        for (const problem of report.problems) call.warn(`  ${problem}`);
      }
      const ok = reports.every(({ problems }) => problems.length === 0);
      return { ok, sequences: reports };
    } finally {
      await store.close();
    }
  },
};

if (import.meta.main) await runCommand(verify);
