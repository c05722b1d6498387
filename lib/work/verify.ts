// Verify: prove that frames and labels still belong together.
//
// Every frame is decoded again and its pixels are compared with the hash taken
// at import; every mask file is compared with the row it belongs to.

import { throwIfCancelled } from "../base/errors.ts";
import { startProgress } from "../base/progress.ts";
import { framesSha256 } from "../media/frames.ts";
import { checkFiles } from "../store/check_files.ts";
import type { Store } from "../store/database.ts";
import { listFrames } from "../store/sequences.ts";
import { openSequence, type WorkOptions } from "./import.ts";

/** What does not belong together any more; nothing when all is well. */
export type VerifyReport = {
  readonly sequenceId: number;
  readonly frames: number;
  readonly problems: readonly string[];
};

/** Checks one sequence. */
export async function verifySequence(
  store: Store,
  sequenceId: number,
  { onProgress, signal }: WorkOptions = {},
): Promise<VerifyReport> {
  const stored = await listFrames(store, sequenceId);
  const { frames } = await openSequence(store, sequenceId, { signal });
  const problems: string[] = [];
  try {
    const report = startProgress("verify", stored.length, { onProgress });
    for (const { index, timeMs, sha256 } of stored) {
      throwIfCancelled(signal, `verifying at frame ${index}`);
      if (framesSha256(await frames.read(index)) !== sha256) {
        problems.push(`frame ${index} has other pixels than at import`);
      }
      const found = frames.infos[index].timeMs;
      if (found !== timeMs) {
        problems.push(
          `frame ${index} is shown at ${found} ms, was ${timeMs} ms`,
        );
      }
      report(index + 1);
    }
  } finally {
    await frames.close();
  }
  for (const { message } of await checkFiles(store, sequenceId)) {
    problems.push(message);
  }
  return { sequenceId, frames: stored.length, problems };
}
