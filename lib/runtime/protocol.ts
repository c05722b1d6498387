// What the main thread and the inference worker say to each other.

import type { Tensor } from "../base/tensor.ts";

/** Where models run. */
export type Device = "cpu" | "webgpu" | "cuda";

/** A tensor that stays with the worker (or on its GPU) until it is released. */
export type HeldTensor = {
  readonly kind: "held";
  readonly id: number;
  readonly dims: readonly number[];
};

/** What can be fed to a session. */
export type Feed = Tensor | HeldTensor;

/** What the main thread asks. */
export type Request =
  | { readonly kind: "probe"; readonly device: Device }
  | {
    readonly kind: "load";
    readonly path: string;
    readonly device: Device;
    readonly threads: number;
    /** Outputs that stay on the device. */
    readonly keep: readonly string[];
  }
  | {
    readonly kind: "run";
    readonly session: number;
    readonly feeds: Readonly<Record<string, Feed>>;
    readonly outputs: readonly string[];
    readonly hold: readonly string[];
  }
  | {
    readonly kind: "hold";
    readonly tensor: Tensor;
    readonly device: Device;
  }
  | { readonly kind: "read"; readonly held: number }
  | { readonly kind: "release"; readonly held: readonly number[] }
  | { readonly kind: "unload"; readonly session: number }
  | { readonly kind: "count" };

/** What the worker answers to each request. */
export type Answer = {
  probe: null;
  load: number;
  run: Readonly<Record<string, Feed>>;
  hold: HeldTensor;
  read: Tensor;
  release: null;
  unload: null;
  count: { readonly sessions: number; readonly held: number };
};

/** A request with the number that its answer will carry. */
export type Letter = { readonly number: number; readonly request: Request };

/** An answer or the message of an error. */
export type Reply =
  | { readonly number: number; readonly answer: unknown }
  | { readonly number: number; readonly error: string };
