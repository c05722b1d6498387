// Data sets broken at random: BROKEN=1000 for the full run, 100 otherwise.

import { deepEqual, ok } from "node:assert/strict";
import { problemsText, readDataSet } from "medannotate";
import { seededRandom } from "../../../lib/base/random.ts";
import { inFolder } from "../../media/temporary_folder.ts";
import { faultNames, makeBrokenSet, makePictures } from "./broken_sets.ts";

const count = Number(Deno.env.get("BROKEN") ?? 100);

Deno.test(
  `readDataSet() names every fault of ${count} broken data sets once, and uses the rest`,
  inFolder(async (folder) => {
    const pictures = await makePictures(64);
    const injected = new Map<string, number>();
    let problemCount = 0, imageCount = 0;
    for (let seed = 1; seed <= count; seed++) {
      const place = `${folder}/${seed}`;
      const random = seededRandom(seed);
      const made = await makeBrokenSet(place, { random, pictures });
      const { parts, problems } = await readDataSet(`${place}/set`);
      const about = `seed ${seed}: ${made.faults.join(", ")}`;
      deepEqual(
        problems.map(named).toSorted(),
        made.problems.map(named).toSorted(),
        `${about}\n${problemsText(problems)}`,
      );
      for (const part of ["train", "val"] as const) {
        deepEqual(
          parts[part].map(({ name, labels }) => ({
            name,
            labels: labels.length,
          })),
          made[part],
          about,
        );
      }
      for (const fault of made.faults) {
        injected.set(fault, (injected.get(fault) ?? 0) + 1);
      }
      problemCount += problems.length;
      imageCount += parts.train.length + parts.val.length;
      await Deno.remove(place, { recursive: true });
    }
    const counts = [...injected].map(([name, n]) => `${name} ${n}`).toSorted();
    console.log(
      `${count} data sets, ${problemCount} problems named once each, ${imageCount} images used. ${
        counts.join(", ")
      }`,
    );
    ok(count < 100 || injected.size === faultNames.length + 1);
  }),
);

function named(
  { kind, file, line, consequence }: {
    kind: string;
    file: string;
    line?: number;
    consequence: string;
  },
): string {
  return `${file}:${line ?? ""} ${kind} (${consequence})`;
}
