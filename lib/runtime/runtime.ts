// ONNX Runtime behind a worker: choose the device, load models, run, release.
//
// No inference blocks the event loop. Tensors are copied to the worker and
// their results handed back without a copy; what the next step reads again
// (features of a frame) can stay there as a held tensor, with WebGPU in the
// memory of the GPU.

import type { Tensor } from "../base/tensor.ts";
import type {
  Answer,
  Device,
  Feed,
  HeldTensor,
  Letter,
  Reply,
  Request,
} from "./protocol.ts";

export type { Device, Feed, HeldTensor } from "./protocol.ts";

/** A loaded model. */
export type Session = {
  /** Runs the model; outputs named in `hold` stay with the worker. */
  run<Name extends string, Held extends Name = never>(
    feeds: Readonly<Record<string, Feed>>,
    outputs: readonly Name[],
    options?: { readonly hold?: readonly Held[] },
  ): Promise<
    & { readonly [K in Exclude<Name, Held>]: Tensor }
    & { readonly [K in Held]: HeldTensor }
  >;
  release(): Promise<void>;
};

/** ONNX Runtime on one device, until it is closed. */
export type Runtime = {
  readonly device: Device;
  readonly threads: number;
  /**
   * Loads a model.
   *
   * @param options.keep outputs that are always held: with WebGPU they never leave the GPU
   */
  load(
    path: string,
    options?: { readonly keep?: readonly string[] },
  ): Promise<Session>;
  /** Copies a tensor to the worker. */
  hold(tensor: Tensor): Promise<HeldTensor>;
  /** Copies a held tensor back. */
  read(tensor: HeldTensor): Promise<Tensor>;
  release(...tensors: readonly HeldTensor[]): Promise<void>;
  /** How many sessions and tensors are alive, to prove that none leaks. */
  count(): Promise<{ readonly sessions: number; readonly held: number }>;
  close(): void;
};

/** What a person may ask for: a device, or the best that answers. */
export type DeviceChoice = "auto" | Device;

const devices: readonly Device[] = ["cuda", "webgpu", "cpu"];

/**
 * Starts a worker and chooses the device: `auto` takes cuda, then webgpu, then cpu.
 *
 * @throws Error saying what the device answered, when the one asked for is not there
 */
export async function openRuntime(
  { device = "auto", threads = navigator.hardwareConcurrency }: {
    device?: DeviceChoice;
    threads?: number;
  } = {},
): Promise<Runtime> {
  const worker = startWorker();
  const { ask } = worker;
  try {
    const chosen = await chooseDevice(ask, device);
    return {
      device: chosen,
      threads,
      load: async (path, { keep = [] } = {}) => {
        const session = await ask({
          kind: "load",
          path,
          device: chosen,
          threads,
          keep,
        });
        return openSession(ask, session);
      },
      hold: (tensor) => ask({ kind: "hold", tensor, device: chosen }),
      read: ({ id }) => ask({ kind: "read", held: id }),
      release: async (...tensors) => {
        await ask({ kind: "release", held: tensors.map(({ id }) => id) });
      },
      count: () => ask({ kind: "count" }),
      close: worker.close,
    };
  } catch (error) {
    worker.close();
    throw error;
  }
}

type Ask = <Kind extends Request["kind"]>(
  request: Extract<Request, { kind: Kind }>,
) => Promise<Answer[Kind]>;

async function chooseDevice(ask: Ask, wanted: DeviceChoice): Promise<Device> {
  if (wanted !== "auto") {
    try {
      await ask({ kind: "probe", device: wanted });
      return wanted;
    } catch (error) {
      throw new Error(
        `Cannot use device ${wanted} on this machine: ${
          (error as Error).message
        }. ${hints[wanted]}`,
        { cause: error },
      );
    }
  }
  for (const device of devices.filter(mayBeThere)) {
    const answers = await ask({ kind: "probe", device })
      .then(() => true, () => false);
    if (answers) return device;
  }
  throw new Error("Cannot use any device: ONNX Runtime does not start");
}

/** Spares machines without a GPU the drivers' complaints. */
function mayBeThere(device: Device): boolean {
  if (device === "cpu") return true;
  if (Deno.build.os === "darwin") return device === "webgpu";
  if (Deno.build.os === "windows") return true;
  const exists = (path: string) => {
    try {
      return Deno.statSync(path) !== undefined;
    } catch {
      return false;
    }
  };
  if (device === "cuda") return exists("/dev/nvidia0");
  return exists("/dev/dri") || exists("/dev/nvidia0");
}

const hints: Readonly<Record<Device, string>> = {
  cpu: "Is onnxruntime-node installed for this platform?",
  webgpu:
    "It needs a graphics driver with Vulkan, Metal or DirectX 12; --device cpu always works.",
  cuda:
    "It needs an NVIDIA GPU and onnxruntime-node's CUDA provider; --device cpu always works.",
};

function openSession(ask: Ask, session: number): Session {
  return {
    run: async (feeds, outputs, { hold = [] } = {}) => {
      const answer = await ask({ kind: "run", session, feeds, outputs, hold });
      // the worker answers with exactly the names that were asked
      return answer as unknown as never;
    },
    release: async () => {
      await ask({ kind: "unload", session });
    },
  };
}

/** Numbers letters and pairs replies with them. */
function startWorker() {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), {
    type: "module",
    name: "inference",
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let nextNumber = 1;
  let closed: Error | undefined;

  const failAll = (error: Error) => {
    closed = error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.onmessage = ({ data }: MessageEvent<Reply>) => {
    const promise = waiting.get(data.number);
    waiting.delete(data.number);
    if ("error" in data) promise?.reject(new Error(data.error));
    else promise?.resolve(data.answer);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    failAll(new Error(`The inference worker failed: ${event.message}`));
  };

  const ask: Ask = (request) => {
    if (closed) return Promise.reject(closed);
    const letter: Letter = { number: nextNumber++, request };
    const promise = Promise.withResolvers<unknown>();
    waiting.set(letter.number, promise);
    worker.postMessage(letter);
    // Answer pairs every request with its reply
    return promise.promise as Promise<never>;
  };
  const close = () => {
    failAll(new Error("The runtime was closed"));
    worker.terminate();
  };
  return { ask, close };
}
