import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import {
  encodePalettePng,
  encodePng,
  evaluateClips,
  type IndexImage,
  type Rgb,
} from "medannotate";
import { inFolder } from "../../media/temporary_folder.ts";
import { sharedTest, sharedUrl } from "../../shared.ts";

sharedTest(
  "evaluateClips() gives the official J and F of davis16-blackswan",
  async () => {
    const folder = new URL("data/davis16-blackswan/", sharedUrl).pathname;
    const oracle = JSON.parse(
      await Deno.readTextFile(new URL("data/oracles/jf.json", sharedUrl)),
    )["osvos/blackswan"];
    const { sequences, davis, allFrames } = await evaluateClips(
      `${folder}masks`,
      `${folder}osvos`,
    );
    const [{ objects: [{ frames }] }] = sequences;
    const near = (found: number | undefined, wanted: number) =>
      ok(
        Math.abs((found ?? NaN) - wanted) < 1e-9,
        `${found}, expected ${wanted}`,
      );
    equal(frames.length, oracle.frames);
    frames.forEach(({ j, f }, i) => {
      near(j, oracle.J_per_frame[i]);
      near(f, oracle.F_per_frame[i]);
    });
    near(allFrames.j, oracle.J_mean_all);
    near(allFrames.f, oracle.F_mean_all);
    [davis.j?.mean, davis.j?.recall, davis.j?.decay].forEach((value, i) =>
      near(value, oracle.J_MRD_excl_first_last[i])
    );
    [davis.f?.mean, davis.f?.recall, davis.f?.decay].forEach((value, i) =>
      near(value, oracle.F_MRD_excl_first_last[i])
    );
  },
);

const width = 8, height = 4;
const palette: Rgb[] = Array.from({ length: 256 }, (_, i) => [i, i, i]);

/** Object numbers, one column each. */
function columns(...numbers: number[]): IndexImage {
  const data = Uint8Array.from(
    { length: width * height },
    (_, i) => numbers[i % width] ?? 0,
  );
  return { width, height, data };
}

async function writePalette(path: string, ...numbers: number[]) {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeFile(path, encodePalettePng(columns(...numbers), palette));
}

/** As `propagate --out` leaves a mask: 0 or 255. */
async function writeWhite(path: string, ...numbers: number[]) {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  const { data } = columns(...numbers);
  const rgb = Uint8Array.from(
    { length: data.length * 3 },
    (_, i) => data[Math.floor(i / 3)] ? 255 : 0,
  );
  await Deno.writeFile(path, await encodePng({ width, height, data: rgb }));
}

Deno.test(
  "evaluateClips() reads a folder of sequences, and means go over objects",
  inFolder(async (folder) => {
    for (let i = 0; i < 4; i++) {
      await writePalette(`${folder}/truth/one/0000${i}.png`, 1, 1, 2, 2);
      await writePalette(`${folder}/masks/one/0000${i}.png`, 1, 1, 2, 0); // object 2: half
      await writePalette(`${folder}/truth/two/0000${i}.png`, 1, 1);
      await writePalette(`${folder}/masks/two/0000${i}.png`, 0, 0); // nothing found
    }
    await writePalette(`${folder}/masks/three/00000.png`, 1);
    const { sequences, davis, objects, unused } = await evaluateClips(
      `${folder}/truth`,
      `${folder}/masks`,
    );
    deepEqual(
      sequences.map((
        { sequence, frames, davis },
      ) => [sequence, frames, davis.j?.mean]),
      [["one", 4, 0.75], ["two", 4, 0]],
    );
    deepEqual([objects, davis.j?.mean, davis.j?.recall], [3, 0.5, 1 / 3]);
    deepEqual(unused, ["three"]);
  }),
);

Deno.test(
  "evaluateClips() compares folders of objects with numbered pictures, frame by frame number",
  inFolder(async (folder) => {
    for (let i = 0; i < 3; i++) {
      await writePalette(`${folder}/truth/0000${i}.png`, 1, 2, 2, 255); // 255 is void
      await writeWhite(`${folder}/masks/001/${i}.png`, 1, 0, 0, 1);
      await writeWhite(`${folder}/masks/002/${i}.png`, 0, 1, 1, 1);
    }
    await Deno.writeTextFile(`${folder}/masks/propagation.json`, "{}");
    const { sequences: [{ objects }] } = await evaluateClips(
      `${folder}/truth`,
      `${folder}/masks`,
    );
    deepEqual(
      objects.map((
        { object, allFrames },
      ) => [object, allFrames.j, allFrames.f]),
      [[1, 1, 1], [2, 1, 1]],
    );
  }),
);

Deno.test(
  "evaluateClips() takes a single object for the same whatever its number",
  inFolder(async (folder) => {
    await writeWhite(`${folder}/truth/0.png`, 1, 1);
    await writePalette(`${folder}/masks/0.png`, 7, 7);
    const { allFrames, davis } = await evaluateClips(
      `${folder}/truth`,
      `${folder}/masks`,
    );
    equal(allFrames.jAndF, 1);
    deepEqual(davis, { j: null, f: null, jAndF: null }); // no frame between the first and the last
  }),
);

Deno.test(
  "evaluateClips() says which sequence, frame or object is missing or too much",
  inFolder(async (folder) => {
    await writePalette(`${folder}/truth/one/00000.png`, 1, 2);
    await writePalette(`${folder}/truth/one/00001.png`, 1, 2);
    await writePalette(`${folder}/truth/two/00000.png`, 1);
    await writePalette(`${folder}/masks/one/00000.png`, 1, 2);
    await writePalette(`${folder}/masks/other/00000.png`, 1, 2);
    const evaluate = () => evaluateClips(`${folder}/truth`, `${folder}/masks`);
    await rejects(evaluate, {
      name: "RangeError",
      message: /no masks for two \(1 of 2 sequences\); it has one, other/,
    });
    await writePalette(`${folder}/masks/two/00000.png`, 1);
    await rejects(evaluate, {
      message: /sequence one: the masks lack 1 of 2 frames: 1/,
    });
    await writePalette(`${folder}/masks/one/00001.png`, 1, 3);
    await rejects(evaluate, {
      message: /the masks have object 3, the truth has 1, 2/,
    });
    await Deno.mkdir(`${folder}/empty`);
    await rejects(evaluateClips(`${folder}/truth`, `${folder}/empty`), {
      message: /it holds no pictures/,
    });
  }),
);
