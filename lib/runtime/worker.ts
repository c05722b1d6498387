// The inference worker: ONNX Runtime away from the main thread.
//
// session.run of onnxruntime-node is synchronous native code behind a Promise,
// so it would block timers, servers and progress. Here it blocks nobody. One
// letter is handled at a time, in the order they come.

/// <reference lib="deno.worker" />

import * as ort from "onnxruntime-node";
import { messageOf } from "../base/errors.ts";
import type { Tensor } from "../base/tensor.ts";
import { copyModel, probeModel } from "./probe_model.ts";
import type { Device, Feed, HeldTensor, Letter, Request } from "./protocol.ts";

const sessions = new Map<number, ort.InferenceSession>();
const held = new Map<number, ort.Tensor>();
let nextNumber = 1;

let queue: Promise<unknown> = Promise.resolve();
self.onmessage = ({ data }: MessageEvent<Letter>) => {
  queue = queue.then(() => reply(data));
};

async function reply({ number, request }: Letter): Promise<void> {
  try {
    const { answer, transfer } = await handle(request);
    self.postMessage({ number, answer }, transfer);
  } catch (error) {
    self.postMessage({ number, error: messageOf(error) });
  }
}

type Handled = { readonly answer: unknown; readonly transfer: Transferable[] };

async function handle(request: Request): Promise<Handled> {
  const plain = (answer: unknown): Handled => ({ answer, transfer: [] });
  switch (request.kind) {
    case "probe": {
      const session = await ort.InferenceSession.create(
        probeModel(),
        optionsFor(request.device, 1),
      );
      const one = new ort.Tensor("float32", Float32Array.of(1), [1]);
      await session.run({ x: one });
      await session.release();
      return plain(null);
    }
    case "load": {
      const { device, threads, keep } = request;
      const session = await ort.InferenceSession.create(request.path, {
        ...optionsFor(device, threads),
        ...(device === "webgpu"
          ? { preferredOutputLocation: onGpu(keep) }
          : {}),
      });
      sessions.set(nextNumber, session);
      return plain(nextNumber++);
    }
    case "run":
      return await run(request);
    case "hold": {
      const { dims, data } = request.tensor;
      const tensor = new ort.Tensor("float32", data, dims);
      return plain(keep(await toDevice(tensor, request.device)));
    }
    case "read": {
      const { dims, data } = toTensor(await toHost(getHeld(request.held)));
      const copy = data.slice();
      return { answer: { dims, data: copy }, transfer: [copy.buffer] };
    }
    case "release":
      for (const number of request.held) {
        getHeld(number).dispose();
        held.delete(number);
      }
      return plain(null);
    case "unload":
      await getSession(request.session).release();
      sessions.delete(request.session);
      return plain(null);
    case "count":
      return plain({ sessions: sessions.size, held: held.size });
  }
}

function optionsFor(
  device: Device,
  threads: number,
): ort.InferenceSession.SessionOptions {
  return {
    executionProviders: device === "cpu" ? ["cpu"] : [device, "cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
    // every session has threads of its own, which would go on spinning after a
    // run and take the cores from the next session's: a tracked frame of tiny
    // at 512 px took 197 instead of 118 ms (2 cores, 2026-11-22, task bench)
    extra: { session: { force_spinning_stop: "1" } },
  };
}

async function run(
  request: Extract<Request, { kind: "run" }>,
): Promise<Handled> {
  const session = getSession(request.session);
  const feeds: Record<string, ort.Tensor> = {};
  for (const [name, feed] of Object.entries(request.feeds)) {
    feeds[name] = isHeld(feed)
      ? getHeld(feed.id)
      : new ort.Tensor("float32", feed.data, feed.dims);
  }
  const results = await session.run(feeds, request.outputs);
  const answer: Record<string, Feed> = {};
  const transfer: Transferable[] = [];
  for (const name of request.outputs) {
    const result = results[name];
    if (request.hold.includes(name)) {
      answer[name] = keep(result);
      continue;
    }
    const { dims, data } = toTensor(await toHost(result));
    // a graph may hand an input through; what was fed is not ours to send away
    const own = data.byteLength === data.buffer.byteLength
      ? data
      : data.slice();
    answer[name] = { dims, data: own };
    transfer.push(own.buffer);
  }
  return { answer, transfer };
}

function onGpu(names: readonly string[]): Record<string, "gpu-buffer"> {
  return Object.fromEntries(names.map((name) => [name, "gpu-buffer"]));
}

/**
 * Copies a tensor out of the memory of a GPU. ONNX Runtime 1.30 ends the process
 * when such a tensor is asked for its data, so a model that only copies brings it.
 */
async function toHost(tensor: ort.Tensor): Promise<ort.Tensor> {
  if (tensor.location !== "gpu-buffer") return tensor;
  toHostSession ??= ort.InferenceSession.create(
    copyModel(),
    optionsFor("webgpu", 1),
  );
  return (await (await toHostSession).run({ x: tensor })).y;
}
let toHostSession: Promise<ort.InferenceSession> | undefined;

/** Copies a tensor into the memory of a GPU, once for all that read it; elsewhere leaves it. */
async function toDevice(
  tensor: ort.Tensor,
  device: Device,
): Promise<ort.Tensor> {
  if (device !== "webgpu") return tensor;
  toDeviceSession ??= ort.InferenceSession.create(copyModel(), {
    ...optionsFor("webgpu", 1),
    preferredOutputLocation: onGpu(["y"]),
  });
  return (await (await toDeviceSession).run({ x: tensor })).y;
}
let toDeviceSession: Promise<ort.InferenceSession> | undefined;

function isHeld(feed: Feed): feed is HeldTensor {
  return "kind" in feed;
}

function keep(tensor: ort.Tensor): HeldTensor {
  held.set(nextNumber, tensor);
  return { kind: "held", id: nextNumber++, dims: tensor.dims };
}

function toTensor(
  { data, dims }: ort.Tensor,
): Tensor<readonly number[], Float32Array<ArrayBuffer>> {
  if (!(data instanceof Float32Array)) {
    throw new TypeError("Cannot send a tensor that is not float32");
  }
  return { dims, data: data as Float32Array<ArrayBuffer> };
}

function getHeld(number: number): ort.Tensor {
  const tensor = held.get(number);
  if (!tensor) throw new RangeError(`Held tensor ${number} was released`);
  return tensor;
}

function getSession(number: number): ort.InferenceSession {
  const session = sessions.get(number);
  if (!session) throw new RangeError(`Session ${number} was released`);
  return session;
}
