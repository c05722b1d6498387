// Training on data sets broken at random: TRAINED=1000 for all, 3 otherwise.

import { ok } from "node:assert/strict";
import { openRuntime, trainDetector } from "medannotate";
import { seededRandom } from "../../../lib/base/random.ts";
import { inFolder } from "../../media/temporary_folder.ts";
import { makeBrokenSet, makePictures } from "../data_set/broken_sets.ts";

const count = Number(Deno.env.get("TRAINED") ?? 3);

Deno.test(
  `trainDetector() learns from what is left of ${count} broken data sets, and lists what is not`,
  inFolder(async (folder) => {
    const runtime = await openRuntime({ device: "cpu" });
    try {
      const pictures = await makePictures(64);
      let trained = 0, refused = 0;
      for (let seed = 1; seed <= count; seed++) {
        const place = `${folder}/${seed}`;
        const random = seededRandom(seed);
        const made = await makeBrokenSet(place, { random, pictures });
        const out = `${place}/run`;
        try {
          const { epochs } = await trainDetector(runtime, {
            data: `${place}/set`,
            out,
            epochs: 1,
            side: 32,
            batch: 2,
          });
          ok(epochs === 1);
          trained++;
          const problems = await Deno.readTextFile(`${out}/problems.txt`);
          for (const { file } of made.problems) {
            ok(problems.includes(file), `seed ${seed}: ${file} is not listed`);
          }
        } catch (error) {
          // a part that is a copy of another is refused, by name
          ok(error instanceof RangeError, `seed ${seed}: ${error}`);
          ok(/are also in another part/.test(error.message), error.message);
          refused++;
        }
        await Deno.remove(place, { recursive: true });
      }
      console.log(
        `${trained} of ${count} broken data sets trained, ${refused} refused since a part is a copy of another`,
      );
      ok(trained > 0);
    } finally {
      runtime.close();
    }
  }),
);
