import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { readSam2Config, Sam2Hints } from "../../lib/sam2/config.ts";
import { readSam2Weights } from "../../lib/sam2/weights.ts";
import type { TensorInfo } from "../../lib/weights/checkpoint.ts";
import { openCheckpoint } from "../../lib/weights/open_checkpoint.ts";

const checkpoint = openCheckpoint("tests/golden/sam2/sam2-nano-bootstrap.pt");
const { tensors } = checkpoint;
checkpoint.close();
const hints = Sam2Hints.parse(
  JSON.parse(
    await Deno.readTextFile("tests/golden/sam2/sam2-nano-bootstrap.json"),
  ),
);

/** The tensors of the nano model without those that begin with a name. */
function without(prefix: string): ReadonlyMap<string, TensorInfo> {
  return new Map([...tensors].filter(([name]) => !name.startsWith(prefix)));
}

/** The nano model with another shape of one tensor. */
function reshaped(
  name: string,
  dims: readonly number[],
): ReadonlyMap<string, TensorInfo> {
  return new Map(tensors).set(name, { dims, type: "float32" });
}

function weightsOf(tensors: ReadonlyMap<string, TensorInfo>) {
  return readSam2Weights({ ...checkpoint, tensors }, { hints });
}

Deno.test("readSam2Config() reads the sizes off the weights and the rest beside them", () => {
  const config = readSam2Config(tensors, hints);
  equal(config.family, "sam2.1");
  equal(config.imageSize, 128);
  deepEqual(config.trunk.blocksPerStage, [1, 2, 3, 1]);
  deepEqual(
    [config.channels, config.memoryChannels, config.memoryAttentionLayers],
    [128, 32, 2],
  );
  equal(config.multimaskForTracking, false);
});

Deno.test("readSam2Config() says that nothing tells the heads and windows of an unknown size", () => {
  throws(
    () => readSam2Config(tensors),
    /heads and windows of a trunk of 1,2,3,1 blocks and 32 channels: .*no JSON file beside the checkpoint tells/,
  );
});

Deno.test("readSam2Config() names the tensor that shows that this is no SAM 2", () => {
  for (
    const name of [
      "image_encoder.trunk.pos_embed",
      "image_encoder.neck.convs.0.conv.weight",
      "memory_encoder.out_proj.weight",
    ]
  ) {
    const left = new Map([...tensors].filter(([other]) => other !== name));
    throws(
      () => readSam2Config(left, hints),
      { message: new RegExp(`${name} is missing among ${left.size}$`) },
    );
  }
});

Deno.test("readSam2Config() counts the stages of a trunk that has too few", () => {
  throws(
    () => readSam2Config(without("image_encoder.trunk.blocks.6"), hints),
    /its trunk has 3 stages of 1,2,3 blocks, expected 4/,
  );
});

Deno.test("readSam2Config() takes a checkpoint without the tensors of 2.1 as 2.0", () => {
  const old = new Map(
    [...tensors].filter(([name]) =>
      !/^(obj_ptr_tpos_proj|no_obj_embed_spatial)/.test(name)
    ),
  );
  equal(readSam2Config(old, hints).family, "sam2.0");
});

/** The message that a checkpoint is refused with; undefined when it is taken. */
function refusal(tensors: ReadonlyMap<string, TensorInfo>): string | undefined {
  try {
    weightsOf(tensors);
    return undefined;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

Deno.test("readSam2Weights() refuses a checkpoint that lacks any tensor, and names one", () => {
  const taken: string[] = [];
  for (const name of tensors.keys()) {
    const left = new Map([...tensors].filter(([other]) => other !== name));
    const message = refusal(left);
    if (message === undefined) taken.push(name);
    else ok(/tensor \S+ is missing|trunk/.test(message), message);
  }
  deepEqual(taken, ["no_mem_pos_enc"]); // the official code does not read it either
});

Deno.test("readSam2Weights() refuses a tensor of another shape, and names one with both shapes", () => {
  const taken: string[] = [];
  for (const [name, { dims }] of tensors) {
    const message = refusal(reshaped(name, [...dims, 5]));
    if (message === undefined) taken.push(name);
    else {
      ok(/tensor \S+ has shape \[.*\], expected \[.*\]/.test(message), message);
    }
  }
  deepEqual(taken, ["no_mem_pos_enc"]);
});
