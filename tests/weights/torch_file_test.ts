import { deepEqual, throws } from "node:assert/strict";
import { openCheckpoint } from "../../lib/weights/open_checkpoint.ts";
import { parsePickle } from "../../lib/weights/pickle.ts";
import { sharedTest, sharedUrl } from "../shared.ts";
import {
  bytesOf,
  dictPickle,
  op,
  tensorPickle,
  withFile,
  zipOf,
} from "./torch_builder.ts";

const sixValues = new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);

function torchFile(
  pickle: Uint8Array,
  options: Parameters<typeof zipOf>[1] = {},
): Uint8Array {
  const entries = { "m/data.pkl": pickle, "m/data/0": sixValues };
  return zipOf(entries, options);
}

function readAll(path: string) {
  const checkpoint = openCheckpoint(path);
  try {
    return [...checkpoint.tensors.keys()].map((name) =>
      [name, [...checkpoint.read(name).data]] as const
    );
  } finally {
    checkpoint.close();
  }
}

const good = { values: 6, dims: [2, 3], strides: [3, 1] };

Deno.test("openCheckpoint() reads a tensor of torch.save", () => {
  const pickle = dictPickle({ w: tensorPickle(good) });
  const found = withFile(torchFile(pickle), "a.pt", readAll);
  deepEqual(found, [["w", [1, 2, 3, 4, 5, 6]]]);
});

Deno.test("openCheckpoint() follows the strides of a transposed tensor", () => {
  const turned = { values: 6, dims: [3, 2], strides: [1, 3] };
  const pickle = dictPickle({ w: tensorPickle(turned) });
  const found = withFile(torchFile(pickle), "a.pt", readAll);
  deepEqual(found, [["w", [1, 4, 2, 5, 3, 6]]]); // columns of [[1 2 3] [4 5 6]]
});

Deno.test("openCheckpoint() starts at a tensor's offset", () => {
  const tail = { values: 6, offset: 4, dims: [2], strides: [1] };
  const pickle = dictPickle({ w: tensorPickle(tail) });
  deepEqual(withFile(torchFile(pickle), "a.pt", readAll), [["w", [5, 6]]]);
});

function refused(file: Uint8Array, message: RegExp) {
  withFile(file, "a.pt", (path) => throws(() => readAll(path), message));
}

Deno.test("openCheckpoint() refuses a tensor that reaches behind its storage", () => {
  const long = { values: 6, offset: 1, dims: [2, 3], strides: [3, 1] };
  const pickle = dictPickle({ w: tensorPickle(long) });
  refused(torchFile(pickle), /tensor w .* needs 7 values, storage 0 has 6/);
});

Deno.test("openCheckpoint() refuses a tensor that repeats a storage endlessly", () => {
  const huge = { values: 6, dims: [2 ** 30, 2 ** 20], strides: [0, 0] };
  const pickle = dictPickle({ w: tensorPickle(huge) });
  refused(torchFile(pickle), /tensor w .* storage 0 has 6/);
});

Deno.test("openCheckpoint() refuses a storage of another size than claimed", () => {
  const pickle = dictPickle({ w: tensorPickle({ ...good, values: 7 }) });
  refused(torchFile(pickle), /storage 0 has 24 bytes, expected 7 values/);
});

Deno.test("openCheckpoint() refuses a storage that is not there", () => {
  const pickle = dictPickle({ w: tensorPickle({ ...good, key: "9" }) });
  refused(torchFile(pickle), /tensor w: storage 9 is missing/);
});

Deno.test("openCheckpoint() refuses a pickle that calls os.system and runs nothing", () => {
  const witness = `${Deno.makeTempDirSync()}/pwned`;
  for (const module of ["os", "posix", "nt"]) {
    const call = bytesOf(
      op.global(module, "system"),
      op.mark,
      op.text(`touch ${witness}`),
      op.tuple,
      op.reduce,
    );
    const pickle = dictPickle({ w: tensorPickle(good), x: call });
    refused(torchFile(pickle), /names \w+\.system, .* nothing was run \(byte/);
  }
  throws(() => Deno.statSync(witness), Deno.errors.NotFound);
});

Deno.test("openCheckpoint() keeps unknown classes as inert records", () => {
  const unknown = bytesOf(
    op.global("my.project", "Thing"),
    op.emptyTuple,
    op.reduce,
  );
  const pickle = dictPickle({ thing: unknown, w: tensorPickle(good) });
  const found = withFile(torchFile(pickle), "a.pt", readAll);
  deepEqual(found.map(([name]) => name), ["w"]);
});

Deno.test("openCheckpoint() names a forbidden opcode and its byte", () => {
  const inst = bytesOf(
    op.proto,
    op.mark,
    new TextEncoder().encode("ios\nsystem\n"),
    op.stop,
  );
  refused(torchFile(inst), /forbidden opcode 0x69 \(byte 3\)/);
});

Deno.test("openCheckpoint() refuses a pickle that contains itself", () => {
  const cycle = bytesOf(
    op.proto,
    op.emptyList,
    op.put(0),
    op.get(0),
    op.append,
    op.stop,
  );
  refused(torchFile(cycle), /contains itself/);
});

Deno.test("openCheckpoint() refuses values that repeat one another without end", () => {
  // forty dictionaries, each of which holds the one before twice: 2^40 ways down
  const levels = Array.from({ length: 40 }, (_, i) =>
    bytesOf(
      op.emptyDict,
      ...["a", "b"].map((key) => bytesOf(op.text(key), op.get(i), op.setItem)),
      op.put(i + 1),
    ));
  const pickle = bytesOf(
    op.proto,
    op.emptyDict,
    op.put(0),
    ...levels,
    op.stop,
  );
  refused(torchFile(pickle), /refers to more than \d+ values/);
});

Deno.test("parsePickle() refuses more objects than any model has", () => {
  const lists = new Uint8Array(2 ** 20 + 1).fill(op.emptyList[0]);
  const pickle = new Uint8Array(lists.length + 3);
  pickle.set(op.proto);
  pickle.set(lists, 2);
  pickle.set(op.stop, pickle.length - 1);
  throws(
    () => parsePickle(pickle),
    /more than 1048576 objects \(byte 1048578\)/,
  );
});

Deno.test("openCheckpoint() finds a state dict under the keys of training scripts", () => {
  const state = { w: tensorPickle(good) };
  const inner = (entries: Record<string, Uint8Array>) =>
    dictPickle(entries).slice(op.proto.length, -op.stop.length);
  const names = (entries: Record<string, Uint8Array>) =>
    withFile(torchFile(dictPickle(entries)), "a.pt", readAll)
      .map(([name]) => name);
  const other = { epoch: op.int(3) };
  deepEqual(names({ ...other, model: inner(state) }), ["w"]);
  deepEqual(names({ ...other, state_dict: inner(state) }), ["state_dict.w"]);
  // a name is no state dict: what else is there counts
  const word = { model: op.text("tiny"), net: inner(state) };
  deepEqual(names(word), ["net.w"]);
});

Deno.test("openCheckpoint() compares entries with their checksums where the writer made them", () => {
  const pickle = dictPickle({ w: tensorPickle(good) });
  const version = new TextEncoder().encode("3\n");
  const entries = {
    "m/data.pkl": pickle,
    "m/data/0": sixValues,
    "m/version": version,
  };
  const whole = zipOf(entries, { checksums: true });
  deepEqual(withFile(whole, "a.pt", readAll).length, 1);
  const at = whole.findLastIndex((byte, i) =>
    byte === 0xc0 && whole[i + 1] === 0x40 && i < whole.length - 100
  ); // the 6 of 1, 2 … 6: 0x40c00000
  const damaged = whole.with(at, 0xc1);
  refused(damaged, /zip entry m\/data\/0 is damaged, its checksum is/);
  const without = zipOf(entries); // as after set_crc32_options(False)
  deepEqual(withFile(without, "a.pt", readAll).length, 1);
});

Deno.test("openCheckpoint() refuses a pickle that is cut off", () => {
  const pickle = dictPickle({ w: tensorPickle(good) }).slice(0, 40);
  refused(torchFile(pickle), /\(byte \d+\)/);
});

Deno.test("openCheckpoint() refuses compressed entries, so nothing can inflate", () => {
  const pickle = dictPickle({ w: tensorPickle(good) });
  refused(
    torchFile(pickle, { method: 8 }),
    /m\/data\.pkl is compressed \(method 8\)/,
  );
});

Deno.test("openCheckpoint() refuses entries that claim more than the file holds", () => {
  const pickle = dictPickle({ w: tensorPickle(good) });
  refused(torchFile(pickle, { claimedSize: 1e9 }), /claims bytes/);
});

Deno.test("openCheckpoint() refuses entries that lie outside the file", () => {
  const pickle = dictPickle({ w: tensorPickle(good) });
  refused(torchFile(pickle, { claimedOffset: 1e9 }), /outside the file/);
});

Deno.test("openCheckpoint() refuses entries that share bytes", () => {
  const pickle = dictPickle({ w: tensorPickle(good) });
  refused(torchFile(pickle, { claimedOffset: 0 }), /what follows starts at/);
});

Deno.test("openCheckpoint() refuses a file that is cut off, wherever", () => {
  const whole = torchFile(dictPickle({ w: tensorPickle(good) }));
  for (let length = 4; length < whole.length; length += 7) {
    refused(whole.slice(0, length), /Cannot read/);
  }
});

Deno.test("openCheckpoint() tells what it expected of other files", () => {
  const text = new TextEncoder().encode("hello");
  withFile(
    text,
    "a.pt",
    (path) => throws(() => openCheckpoint(path), /expected a zip archive/),
  );
});

sharedTest(
  "openCheckpoint() reads every tensor of checkpoints that torch wrote",
  () => {
    const files = {
      "golden/sam2/sam2-mini.pt": [359, 958_442],
      "golden/yolo/pt/yolo11n-shapes-det.pt": [499, 2_605_882],
    };
    for (const [name, expected] of Object.entries(files)) {
      const file = openCheckpoint(new URL(name, sharedUrl).pathname);
      const values = [...file.tensors.keys()].reduce(
        (sum, key) => sum + file.read(key).data.length,
        0,
      );
      deepEqual([file.tensors.size, values], expected, name);
      file.close();
    }
  },
);
