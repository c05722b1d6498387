import { deepEqual, equal, ok } from "node:assert/strict";
import { sizeOf } from "../../lib/base/tensor.ts";
import { freshSam2, nanoConfig } from "../../lib/sam2/fresh.ts";
import { saveSam2 } from "../../lib/sam2/save.ts";
import { openSam2File } from "../../lib/work/model_file.ts";
import { inFolder } from "../media/temporary_folder.ts";

Deno.test(
  "freshSam2() draws a network that a file keeps in half precision, below 8 MB",
  inFolder(async (folder) => {
    const { weights, names } = freshSam2(nanoConfig, 1);
    const path = `${folder}/fresh.safetensors`;
    saveSam2(path, weights, names, { precision: "float16" });
    ok((await Deno.stat(path)).size < 8e6);
    const file = openSam2File(path);
    deepEqual(file.weights.config, nanoConfig);
    deepEqual([...file.storedNames].sort(), [...names].sort());
    equal(Math.round(file.parameters / 1e4), 304); // 3.04 million
    for (const [name, dims] of file.shapes) {
      const { data } = file.weights.read(name);
      equal(data.length, sizeOf(dims));
      const own = weights.read(name).data;
      ok(
        data.every((value, i) =>
          Math.abs(value - own[i]) <= 0.001 * Math.abs(own[i]) + 1e-6
        ),
        name,
      );
    }
    file.close();
    deepEqual(
      freshSam2(nanoConfig, 1).weights.read("no_mem_embed"),
      weights.read("no_mem_embed"),
    );
  }),
);
