// A detector that sees red: its one object is the box around all red pixels.
//
// Its score is how much blue is in them, so that a test decides what is found
// by what it paints.

import type { RgbImage, Tensor } from "medannotate";
import type { OpenDetector } from "../../../lib/work/open_detector.ts";

/** Calls of the network, oldest first, and how many were open at once. */
export type FakeCalls = { count: number; open: number; mostOpen: number };

/** Opens the detector; class 0 is `polyp`, class 1 `tool` (green squares beside the red). */
export function fakeDetector(
  { sha256 = "fake", msRun = 0 }: { sha256?: string; msRun?: number } = {},
): OpenDetector & { readonly calls: FakeCalls } {
  const calls = { count: 0, open: 0, mostOpen: 0 };
  const run = async (images: Tensor) => {
    calls.count++;
    calls.mostOpen = Math.max(calls.mostOpen, ++calls.open);
    await new Promise((resolve) => setTimeout(resolve, msRun));
    calls.open--;
    return { output: look(images) };
  };
  return {
    id: "fake",
    path: "fake",
    sha256,
    licence: "none",
    engine: {
      task: "detect",
      names: ["polyp", "tool"],
      imageSide: 64,
      stride: 32,
      run,
      close: () => Promise.resolve(),
    },
    runtime: { device: "cpu" } as OpenDetector["runtime"],
    close: () => Promise.resolve(),
    calls,
  };
}

/** `[1, 4 + 2, 2]`: the red box in the first place, the green one in the second. */
function look({ dims: [, , height, width], data }: Tensor): Tensor {
  const area = width * height;
  const output = new Float32Array(6 * 2);
  for (const classNumber of [0, 1]) {
    let x0 = width, y0 = height, x1 = -1, y1 = -1, blue = 0;
    for (let i = 0; i < area; i++) {
      const other = data[(1 - classNumber) * area + i];
      if (data[classNumber * area + i] < 0.7 || other > 0.3) continue;
      const x = i % width, y = Math.floor(i / width);
      x0 = Math.min(x0, x);
      y0 = Math.min(y0, y);
      x1 = Math.max(x1, x + 1);
      y1 = Math.max(y1, y + 1);
      blue = Math.max(blue, data[2 * area + i]);
    }
    if (x1 < 0) continue;
    [(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0].forEach((value, row) => {
      output[row * 2 + classNumber] = value;
    });
    output[(4 + classNumber) * 2 + classNumber] = blue;
  }
  return { dims: [1, 6, 2], data: output };
}

/** A square that is painted; how blue it is, is how sure the detector will be. */
export type Square = {
  readonly x: number;
  readonly y: number;
  readonly side?: number;
  readonly confidence?: number;
  readonly kind?: "polyp" | "tool";
};

/** Paints squares onto dark grey. */
export function paintSquares(
  { width, height }: { readonly width: number; readonly height: number },
  squares: readonly Square[],
): RgbImage {
  const data = new Uint8Array(width * height * 3).fill(30);
  for (const { x, y, side = 16, confidence = 0.9, kind = "polyp" } of squares) {
    for (let row = y; row < Math.min(height, y + side); row++) {
      for (let column = x; column < Math.min(width, x + side); column++) {
        const colour = kind === "polyp" ? [255, 0] : [0, 255];
        data.set(
          [...colour, Math.round(255 * confidence)],
          (row * width + column) * 3,
        );
      }
    }
  }
  return { width, height, data };
}
