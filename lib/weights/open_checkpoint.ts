// Opening a checkpoint of either format.
//
// Apart from checkpoint.ts, whose types both formats use, so that no two files
// import each other.

import { extname } from "node:path";
import type { Checkpoint } from "./checkpoint.ts";
import { openSafetensors } from "./safetensors.ts";
import { openTorchFile } from "./torch_file.ts";

/**
 * Opens a `.pt` or `.safetensors` checkpoint, told apart by its first bytes.
 *
 * @throws SyntaxError naming the place, when the file is damaged or hostile
 */
export function openCheckpoint(path: string): Checkpoint {
  const head = new Uint8Array(4);
  const file = Deno.openSync(path);
  try {
    file.readSync(head);
  } finally {
    file.close();
  }
  const isZip = head[0] === 0x50 && head[1] === 0x4b;
  if (isZip) return openTorchFile(path);
  if (extname(path) === ".safetensors") return openSafetensors(path);
  throw new SyntaxError(
    `Cannot read checkpoint ${path}: it starts with bytes ${[
      ...head,
    ]}, expected a zip archive (.pt) or a .safetensors file`,
  );
}
