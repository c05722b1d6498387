import { deepEqual, equal, rejects } from "node:assert/strict";
import { encodePng, openImageFolder } from "medannotate";
import { sharedTest, sharedUrl } from "../shared.ts";
import { inFolder } from "./temporary_folder.ts";

Deno.test(
  "openImageFolder() sorts numbers as numbers and passes over other files",
  inFolder(async (folder) => {
    for (const name of ["f10.png", "f2.png", "f1.PNG", ".hidden.png"]) {
      await writeGrey(`${folder}/${name}`, { width: 3, height: 2, value: 5 });
    }
    await Deno.writeTextFile(`${folder}/notes.txt`, "hello");
    await Deno.mkdir(`${folder}/f3.png`);
    const frames = await openImageFolder(folder);
    deepEqual(
      frames.infos.map(({ index, name, timeMs }) => [index, name, timeMs]),
      [[0, "f1.PNG", 0], [1, "f2.png", 40], [2, "f10.png", 80]],
    );
    deepEqual(frames.size, { width: 3, height: 2 });
    equal(frames.fps, undefined);
    await frames.close();
  }),
);

Deno.test(
  "openImageFolder() reads the frame that is asked for, within the range",
  inFolder(async (folder) => {
    for (const value of [0, 1, 2]) {
      const path = `${folder}/${value}.png`;
      await writeGrey(path, { width: 1, height: 1, value });
    }
    const frames = await openImageFolder(folder);
    deepEqual([...(await frames.read(2)).data], [2, 2, 2]);
    deepEqual([...(await frames.read(0)).data], [0, 0, 0]);
    await rejects(frames.read(3), RangeError);
    await frames.close();
    await rejects(frames.read(0), /closed/);
  }),
);

Deno.test(
  "openImageFolder() names the files and sizes that do not fit",
  inFolder(async (folder) => {
    await writeGrey(`${folder}/a.png`, { width: 4, height: 4, value: 0 });
    await writeGrey(`${folder}/b.png`, { width: 4, height: 5, value: 0 });
    await rejects(openImageFolder(folder), /a\.png has 4x4.*b\.png has 4x5/);
  }),
);

Deno.test(
  "openImageFolder() refuses folders without pictures and paths without folders",
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a.bmp`, "");
    await rejects(openImageFolder(folder), /1 files but no picture/);
    await rejects(openImageFolder(`${folder}/none`), /no such folder/);
    await rejects(openImageFolder(`${folder}/a.bmp`), /it is a file/);
  }),
);

Deno.test(
  "openImageFolder() names a picture that is cut off when it is read",
  inFolder(async (folder) => {
    const path = `${folder}/cut.png`;
    await writeGrey(path, { width: 90, height: 90, value: 3 });
    const bytes = await Deno.readFile(path);
    await Deno.writeFile(path, bytes.subarray(0, bytes.length * 0.6));
    const frames = await openImageFolder(folder);
    await rejects(frames.read(0), /cut\.png/);
    await frames.close();
  }),
);

sharedTest("openImageFolder() opens 33 capsule frames of 336x336", async () => {
  const url = new URL("data/kvasir-capsule-run1/images", sharedUrl);
  const frames = await openImageFolder(url.pathname);
  equal(frames.count, 33);
  deepEqual(frames.size, { width: 336, height: 336 });
  equal((await frames.read(32)).data.length, 336 * 336 * 3);
  await frames.close();
});

async function writeGrey(
  path: string,
  { width, height, value }: { width: number; height: number; value: number },
) {
  const data = new Uint8Array(width * height * 3).fill(value);
  await Deno.writeFile(path, await encodePng({ width, height, data }));
}
