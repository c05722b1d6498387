// deno task detect: what a detector finds, as files and as proposals.

import { openDetector } from "../work/open_detector.ts";
import { detectFiles } from "../work/detect/detection_folder.ts";
import {
  detectIn,
  type DetectInOptions,
  type DetectSummary,
} from "../work/detect/detect_in.ts";
import {
  detectToStore,
  type StoredDetection,
} from "../work/detect/detect_to_store.ts";
import { openDataStore } from "../work/open_store.ts";
import {
  type Call,
  type Command,
  type CommandOption,
  runCommand,
  UsageError,
} from "./command.ts";
import { deviceOf, modelOptions, oneOf } from "./model_options.ts";
import { storeOptions } from "./store_options.ts";

const options = {
  model: {
    type: "string",
    help: "a YOLO: id, best.pt, .safetensors of train, or .onnx",
  },
  out: { type: "string", help: "folder for what is found" },
  confidence: {
    type: "string",
    default: "0.25",
    help: "least score, 0 to 1 (default 0.25)",
  },
  iou: {
    type: "string",
    default: "0.7",
    help: "of two boxes that overlap more, the better stays (default 0.7)",
  },
  max: {
    type: "string",
    default: "300",
    help: "most objects of a frame (default 300)",
  },
  classes: {
    type: "string",
    multiple: true,
    help: "only this class, by name or number; may be repeated",
  },
  agnostic: {
    type: "boolean",
    help: "objects of different classes suppress each other",
  },
  size: {
    type: "string",
    help:
      "longest side of the input in pixels, a multiple of 32 (default what it was trained on)",
  },
  square: {
    type: "boolean",
    help: "the input is a square, not as small as the image allows",
  },
  every: { type: "string", help: "looks at each N-th frame only" },
  track: {
    type: "boolean",
    help: "gives objects identities over the frames (ByteTrack)",
  },
  overlay: {
    type: "string",
    default: "on",
    help: "off draws no pictures of what was found",
  },
  live: {
    type: "boolean",
    help: "waits for frames to come: a folder that grows, a file being written",
  },
  newest: {
    type: "boolean",
    help: "drops live frames when the detector is slower than they come",
  },
  format: {
    type: "string",
    help: "FFmpeg's name of a live container, where it cannot be told",
  },
  idle: {
    type: "string",
    help: "ends when a growing folder got nothing new for so many seconds",
  },
  store: {
    type: "boolean",
    help: "imports INPUT and proposes what was found to the annotator",
  },
  data: storeOptions.data,
  "segment-model": {
    type: "string",
    help: "the SAM 2 that turns boxes into masks (default sam2-nano)",
  },
  propagate: {
    type: "boolean",
    help:
      "gives the surest box of each track to SAM 2 and propagates it; with --track and --store",
  },
  restart: {
    type: "boolean",
    help: "forgets an earlier run in the folder, and its proposals",
  },
  device: modelOptions.device,
} as const satisfies Record<string, CommandOption>;

export const detect: Command = {
  name: "detect",
  usage:
    "INPUT --model FILE --out DIR [--confidence P] [--classes NAME]… [--track] [--store]",
  summary:
    "Finds objects in images, videos and live sources; the same command goes on where it stopped.",
  options,
  positionals: { least: 1, most: 1 },
  async run(call) {
    const wanted = optionsOf(call);
    const device = deviceOf(call);
    const isStored = call.flag("store") || call.flag("propagate");
    const segmentModel = call.text("segment-model");
    if (!isStored && (segmentModel ?? call.text("data")) !== undefined) {
      throw new UsageError(
        `--${segmentModel ? "segment-model" : "data"} belongs to --store`,
      );
    }
    await using open = new AsyncDisposableStack();
    const detector = await openDetector({
      model: required(call, "model"),
      size: sizeOf(call),
      device,
    });
    open.defer(() => detector.close());
    if (!isStored) {
      const summary = await detectIn(detector, wanted);
      sayFound(call, summary, detector.runtime.device);
      return { ...toldOf(summary), ...modelOf(detector) };
    }
    const store = await openDataStore({ folder: call.text("data") });
    open.defer(() => store.close());
    const stored = await detectToStore(detector, store, {
      ...wanted,
      segmentModel: { model: segmentModel, device },
      isPropagated: call.flag("propagate"),
    });
    sayFound(call, stored, detector.runtime.device);
    sayProposed(call, stored);
    const { proposed, sequenceId, propagation } = stored;
    return {
      ...toldOf(stored),
      ...modelOf(detector),
      sequenceId,
      proposed,
      framesPropagated: propagation?.framesTracked ?? null,
    };
  },
};

type Detector = Awaited<ReturnType<typeof openDetector>>;

function modelOf({ id, sha256, licence, engine, runtime }: Detector) {
  return {
    model: id,
    modelSha256: sha256,
    licence,
    task: engine.task,
    side: engine.imageSide,
    device: runtime.device,
  };
}

function toldOf(summary: DetectSummary) {
  const { out, kind, frames, framesNow, detections, perClass } = summary;
  const { tracks, fps, msPerFrame, latencyMs = null } = summary;
  return {
    out,
    kind,
    frames,
    framesNow,
    detections,
    perClass,
    tracks,
    fps,
    msPerFrame,
    latencyMs,
  };
}

function optionsOf(call: Call): DetectInOptions {
  const idle = call.count("idle");
  return {
    input: call.positionals[0],
    out: required(call, "out"),
    confidence: shareOf(call, "confidence"),
    iouThreshold: shareOf(call, "iou"),
    maxDetections: call.count("max", { least: 1 }),
    classes: call.texts("classes"),
    isAgnostic: call.flag("agnostic"),
    isRect: !call.flag("square"),
    every: call.count("every", { least: 1 }),
    isTracked: call.flag("track"),
    hasOverlay: oneOf(call, "overlay", ["on", "off"]) === "on",
    isLive: call.flag("live"),
    newest: call.flag("newest"),
    format: call.text("format"),
    idleMs: idle === undefined ? undefined : idle * 1000,
    restart: call.flag("restart"),
    onProgress: call.onProgress,
    signal: call.signal,
  };
}

function required(call: Call, name: "model" | "out"): string {
  const text = call.text(name);
  if (text) return text;
  throw new UsageError(`expected --${name}`);
}

function sizeOf(call: Call): number | undefined {
  const size = call.count("size", { least: 32 });
  if (size === undefined || size % 32 === 0) return size;
  throw new UsageError(`--size is ${size}, expected a multiple of 32`);
}

function shareOf(call: Call, name: "confidence" | "iou"): number {
  const text = call.text(name) ?? "";
  const value = Number(text);
  if (text.trim() !== "" && value >= 0 && value <= 1) return value;
  throw new UsageError(`--${name} is ${text}, expected a number from 0 to 1`);
}

function sayFound(call: Call, summary: DetectSummary, device: string) {
  const { frames, framesNow, detections, tracks, fps, msPerFrame } = summary;
  const followed = tracks === null ? "" : `, ${tracks} tracks`;
  call.say(
    `${detections} objects on ${frames} frames${followed}; ${
      Object.entries(summary.perClass)
        .map(([name, count]) => `${name} ${count}`).join(", ") ||
      "nothing found"
    }`,
  );
  if (framesNow > 0) {
    const parts = Object.entries(msPerFrame)
      .map(([part, ms]) => `${part} ${ms.toFixed(1)}`).join(", ");
    call.say(
      `${
        fps.toFixed(1)
      } frames a second end to end on ${device} (${framesNow} now; ms a frame: ${parts})`,
    );
  }
  if (summary.latencyMs) {
    const { median, p95 } = summary.latencyMs;
    call.say(
      `found ${median.toFixed(0)} ms after a frame came (95 % within ${
        p95.toFixed(0)
      })`,
    );
  }
  call.say(`${detectFiles.lines}, ${detectFiles.table} in ${summary.out}`);
}

function sayProposed(
  call: Call,
  { sequenceId, proposed, propagation }: StoredDetection,
) {
  const { objects, masks, prompts, untracked, empty, wasThere } = proposed;
  if (wasThere) {
    call.say(`sequence ${sequenceId}: its proposals are there already`);
  } else {
    call.say(
      `sequence ${sequenceId}: ${objects} objects proposed with ${
        prompts > 0 ? `${prompts} box prompts` : `${masks} masks`
      }`,
    );
  }
  if (untracked > 0) {
    call.say(`${untracked} detections belong to no track: not proposed`);
  }
  if (empty > 0) call.warn(`note: SAM 2 found nothing in ${empty} boxes`);
  if (propagation) {
    call.say(`${propagation.framesTracked} steps propagated`);
  }
}

if (import.meta.main) await runCommand(detect);
