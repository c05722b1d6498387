// The options that choose a model and where it runs.

import type { DeviceChoice } from "../runtime/runtime.ts";
import type { ModelChoice } from "../work/open_model.ts";
import { type Call, type CommandOption, UsageError } from "./command.ts";

/** `--model`, `--size`, `--device`, `--precision`, `--features`. */
export const modelOptions = {
  model: {
    type: "string",
    help: "id of the registry or a checkpoint file (default sam2-nano)",
  },
  size: {
    type: "string",
    help: "side of SAM 2's input in pixels, a multiple of 32",
  },
  device: {
    type: "string",
    default: "auto",
    help: "auto, cpu, webgpu or cuda",
  },
  precision: {
    type: "string",
    default: "float32",
    help: "float32, or int8: faster and a little coarser, on the CPU only",
  },
  features: {
    type: "string",
    default: "auto",
    help: "keep (on disk, half precision), off, or auto: keep on the CPU",
  },
} as const satisfies Record<string, CommandOption>;

const devices = ["auto", "cpu", "webgpu", "cuda"] as const;

/** Reads the model options of a call. */
export function modelChoiceOf(call: Call): ModelChoice {
  const size = call.count("size", { least: 32 });
  if (size !== undefined && size % 32 !== 0) {
    throw new UsageError(`--size is ${size}, expected a multiple of 32`);
  }
  const features = oneOf(call, "features", ["auto", "keep", "off"]);
  return {
    model: call.text("model"),
    size,
    device: deviceOf(call),
    precision: oneOf(call, "precision", ["float32", "int8"]),
    keepFeatures: features === "auto" ? undefined : features === "keep",
  };
}

/** Reads an option that has a few known values. */
export function oneOf<const Value extends string>(
  call: Call,
  name: string,
  values: readonly Value[],
): Value {
  const wanted = call.text(name);
  const value = values.find((known) => known === wanted);
  if (value !== undefined) return value;
  throw new UsageError(
    `--${name} is ${wanted}, expected one of ${values.join(", ")}`,
  );
}

/** Reads `--device`. */
export function deviceOf(call: Call): DeviceChoice {
  return oneOf(call, "device", devices);
}
