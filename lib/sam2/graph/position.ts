// Position codes, computed once when a graph is built.
//
// Follows position_encoding.py and hieradet.py of the official code. All of
// them depend only on the side of the input.

import type { Tensor } from "../../base/tensor.ts";
import { constant, type Graph, type Value } from "../../onnx/graph.ts";
import { MatMul } from "../../onnx/ops/linear.ts";
import { Concat, Reshape, Transpose } from "../../onnx/ops/shape.ts";
import { dimsOf, isConstant, type Weight } from "./fold.ts";

/** The 2-D sine code of a grid, token-major `[height * width, channels]`: first y, then x. */
export function sineGrid(
  side: number,
  channels: number,
): Tensor<[tokens: number, channels: number]> {
  const half = channels / 2;
  const data = new Float32Array(side * side * channels);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const at = (y * side + x) * channels;
      writeSines(data, at, half, y, side);
      writeSines(data, at + half, half, x, side);
    }
  }
  return { dims: [side * side, channels], data };
}

function writeSines(
  data: Float32Array,
  at: number,
  half: number,
  position: number,
  side: number,
) {
  const angle = (position + 1) / (side + 1e-6) * 2 * Math.PI;
  for (let i = 0; i < half; i++) {
    const turn = angle / 10000 ** (2 * Math.floor(i / 2) / half);
    data[at + i] = i % 2 ? Math.cos(turn) : Math.sin(turn);
  }
}

/** The 1-D sine code of a position, `[channels]`: all sines, then all cosines. */
export function sineCode(position: number, channels: number): Float32Array {
  const half = channels / 2;
  const code = new Float32Array(channels);
  for (let i = 0; i < half; i++) {
    const turn = position / 10000 ** (2 * Math.floor(i / 2) / half);
    code[i] = Math.sin(turn);
    code[half + i] = Math.cos(turn);
  }
  return code;
}

/**
 * The rotations of RoPE for a grid: cosines and sines `[side * side, channels / 2]`.
 *
 * The first half of the pairs turns by x, the second by y.
 */
export function rotaryTables(side: number, channels: number) {
  const pairs = channels / 2;
  const perAxis = pairs / 2;
  const cosines = new Float32Array(side * side * pairs);
  const sines = new Float32Array(side * side * pairs);
  for (let token = 0; token < side * side; token++) {
    const x = token % side;
    const y = Math.floor(token / side);
    for (let i = 0; i < pairs; i++) {
      const speed = 10000 ** (-4 * (i % perAxis) / channels);
      const turn = (i < perAxis ? x : y) * speed;
      cosines[token * pairs + i] = Math.cos(turn);
      sines[token * pairs + i] = Math.sin(turn);
    }
  }
  const dims = [side * side, pairs] as const;
  return { cosines: { dims, data: cosines }, sines: { dims, data: sines } };
}

/**
 * The random Fourier code of points in 0..1 `[points, channels]`: sines, then cosines.
 *
 * @param gaussian `[2, channels / 2]`
 */
export function fourierCode(
  pointsNorm: readonly (readonly [x: number, y: number])[],
  gaussian: Tensor,
): Float32Array {
  const half = gaussian.dims[1];
  const code = new Float32Array(pointsNorm.length * half * 2);
  pointsNorm.forEach(([x, y], point) => {
    for (let i = 0; i < half; i++) {
      const turn = 2 * Math.PI * (
        (2 * x - 1) * gaussian.data[i] + (2 * y - 1) * gaussian.data[half + i]
      );
      code[point * half * 2 + i] = Math.sin(turn);
      code[point * half * 2 + half + i] = Math.cos(turn);
    }
  });
  return code;
}

/** The Fourier code of every cell centre of a grid, token-major `[side * side, channels]`. */
export function fourierGrid(
  side: number,
  gaussian: Tensor,
): Tensor<[tokens: number, channels: number]> {
  const centres = Array.from({ length: side * side }, (_, token) =>
    [
      (token % side + 0.5) / side,
      (Math.floor(token / side) + 0.5) / side,
    ] as const);
  const channels = gaussian.dims[1] * 2;
  return {
    dims: [side * side, channels],
    data: fourierCode(centres, gaussian),
  };
}

/**
 * The trunk's position embedding `[1, side, side, C]`: the coarse grid enlarged
 * bicubically plus the window code repeated.
 *
 * @param grid `[1, C, h, w]`
 * @param window `[1, C, k, k]`
 */
export function trunkPositions(
  graph: Graph,
  grid: Weight,
  window: Weight,
  side: number,
): Weight {
  return isConstant(grid) && isConstant(window)
    ? constantPositions(grid, window, side)
    : learningPositions(graph, [grid, window] as const, side);
}

function constantPositions(grid: Tensor, window: Tensor, side: number): Tensor {
  const [, channels, h, w] = grid.dims;
  const k = window.dims[2];
  const rows = cubicWeights(h, side);
  const columns = cubicWeights(w, side);
  const data = new Float32Array(side * side * channels);
  for (let c = 0; c < channels; c++) {
    const plane = grid.data.subarray(c * h * w, (c + 1) * h * w);
    // [h, w] -> [h, side], then -> [side, side]
    const wide = new Float64Array(h * side);
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < side; x++) {
        wide[y * side + x] = columns[x].reduce(
          (sum, { index, weight }) => sum + weight * plane[y * w + index],
          0,
        );
      }
    }
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        let sum = 0;
        for (const { index, weight } of rows[y]) {
          sum += weight * wide[index * side + x];
        }
        const tile = window.data[(c * k + y % k) * k + x % k];
        data[(y * side + x) * channels + c] = sum + tile;
      }
    }
  }
  return { dims: [1, side, side, channels], data };
}

/** As one product: every place is a mix of grid cells plus one cell of the window. */
function learningPositions(
  graph: Graph,
  parts: readonly [grid: Weight, window: Weight],
  side: number,
): Value {
  const [[, channels, h, w], [, , k]] = parts.map(dimsOf);
  const rows = parts.map((part) => {
    if (isConstant(part)) throw new TypeError("Positions learn together");
    const [, c, height, width] = dimsOf(part);
    return Transpose(graph, Reshape(graph, part, [c, height * width]), [1, 0]);
  });
  const cells = Concat(graph, rows, { axis: 0 }); // [h w + k k, C]
  const mix = constant(
    graph,
    "trunk.positions.mix",
    positionMix({ h, w, k }, side),
  );
  const places = MatMul(graph, mix, cells);
  return Reshape(graph, places, [1, side, side, channels]);
}

/** The share of every cell of grid and window in every place, `[side², h w + k²]`. */
function positionMix(
  { h, w, k }: { readonly h: number; readonly w: number; readonly k: number },
  side: number,
): Tensor {
  const width = h * w + k * k;
  const data = new Float32Array(side * side * width);
  const rows = cubicWeights(h, side);
  const columns = cubicWeights(w, side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const at = (y * side + x) * width;
      for (const row of rows[y]) {
        for (const column of columns[x]) {
          data[at + row.index * w + column.index] += row.weight * column.weight;
        }
      }
      data[at + h * w + y % k * k + x % k] = 1;
    }
  }
  return { dims: [side * side, width], data };
}

/** Bicubic weights (a = −0.75, half pixel centres, borders repeated) as torch has them. */
function cubicWeights(from: number, to: number) {
  const a = -0.75;
  const near = (t: number) => ((a + 2) * t - (a + 3)) * t * t + 1;
  const far = (t: number) => ((a * t - 5 * a) * t + 8 * a) * t - 4 * a;
  return Array.from({ length: to }, (_, i) => {
    const at = (i + 0.5) * from / to - 0.5;
    const floor = Math.floor(at);
    const t = at - floor;
    const weights = [far(t + 1), near(t), near(1 - t), far(2 - t)];
    return weights.map((weight, k) => ({
      index: Math.min(Math.max(floor + k - 1, 0), from - 1),
      weight,
    }));
  });
}
