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
  const head = readHead(path);
  const isZip = head[0] === 0x50 && head[1] === 0x4b;
  if (isZip) return openTorchFile(path);
  const other = nameOther(head);
  const isJson = head[8] === 0x7b; // "{" after the length of a safetensors header
  if (!other && (isJson || extname(path) === ".safetensors")) {
    return openSafetensors(path);
  }
  throw new SyntaxError(
    `Cannot read checkpoint ${path}: ${
      other ?? `it starts with bytes ${[...head.subarray(0, 4)]}`
    }, expected a zip archive (.pt) or a .safetensors file`,
  );
}

function readHead(path: string): Uint8Array {
  const head = new Uint8Array(64);
  const found = statIfThere(path);
  if (!found?.isFile) {
    throw new SyntaxError(
      `Cannot read checkpoint ${path}: ${
        found ? "it is no file" : "there is no such file"
      }, expected a .pt or .safetensors file`,
    );
  }
  const file = Deno.openSync(path);
  try {
    return head.subarray(0, file.readSync(head) ?? 0);
  } finally {
    file.close();
  }
}

function statIfThere(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** What a file is that people take for a checkpoint. */
function nameOther(head: Uint8Array): string | undefined {
  if (head.length === 0) return "it is empty";
  const text = new TextDecoder().decode(head);
  if (text.startsWith("version https://git-lfs")) {
    return "it is a pointer of Git LFS, the file itself was not fetched";
  }
  if (/^\s*<(!doctype|html|\?xml)/i.test(text)) {
    return "it is a web page, not what was meant to be downloaded";
  }
  if (head[0] === 0x08 && head[2] === 0x12) {
    return "it is an ONNX model"; // its version, then who wrote it
  }
  if (head[0] === 0x80 && head[1] === 2) {
    return "it is a pickle without a zip, as torch.save wrote before 1.6";
  }
}
