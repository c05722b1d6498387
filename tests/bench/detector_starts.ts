// What it is worth to start from the detector that ships rather than from
// nothing: the same data, side, epochs and seeds, and so the same time.
//
// Measured after the last epoch: the best of them would be chosen by what it is
// measured on. Where the frames of one patient are in both parts, the title says so.

import { join } from "node:path";
import {
  exportStore,
  openMemoryStore,
  openRuntime,
  parseSplit,
  type Runtime,
  type Store,
  trainDetector,
} from "medannotate";
import type { Call } from "../../lib/cli/command.ts";
import { deviceOf } from "../../lib/cli/model_options.ts";
import { importCholec, importKvasir, sharedPath } from "./real_sets.ts";

const starts = { "from nothing": "yolo11n", "from scenes": "yolo11n-scenes" };
const seeds = [0, 1, 2];
const side = 160;

type Comparison = {
  readonly title: string;
  readonly data: string;
  /** As many as make steps enough for something to be learnt. */
  readonly epochs: number;
};

/** How well one start did: mAP50 and mAP50-95 of each seed, and seconds of a run. */
type StartScore = {
  readonly map50: readonly number[];
  readonly map50to95: readonly number[];
  readonly seconds: number;
};

/** Trains from both starts on every set and prints a table. */
export async function compareStarts(call: Call, folder: string) {
  const runtime = await openRuntime({ device: deviceOf(call) });
  const rows:
    ({ title: string; epochs: number; start: string } & StartScore)[] = [];
  try {
    for (const { title, data, epochs } of await makeSets(folder)) {
      for (const [start, model] of Object.entries(starts)) {
        const out = join(folder, "runs");
        const score = await trainSeeds(runtime, {
          ...{ data, model, epochs, out, signal: call.signal },
        });
        rows.push({ title, epochs, start, ...score });
        call.say(lineOf({ title, epochs, start, ...score }));
      }
    }
  } finally {
    runtime.close();
  }
  return rows;
}

async function makeSets(folder: string): Promise<readonly Comparison[]> {
  const polyps = (name: string, split: string) =>
    exportSet(join(folder, name), importKvasir, parseSplit(split));
  return [
    {
      title: "polyps: 33 frames of a capsule, measured on 5 stills of others",
      data: await polyps("capsule", "patient,train=0.8,val=0.2"),
      epochs: 15,
    },
    {
      title: "polyps: 5 stills, measured on 33 frames of a capsule",
      data: await polyps("stills", "patient,train=0.14,val=0.86"),
      epochs: 60,
    },
    {
      title: "instruments: 5 frames, measured on 4 later ones of that patient",
      data: await exportSet(
        join(folder, "instruments"),
        importCholec,
        parseSplit("time,train=0.6,val=0.4", { gapFrames: 1, force: true }),
      ),
      epochs: 60,
    },
    {
      title: "shapes of the goldens",
      data: sharedPath("golden/yolo/data/shapes-det"),
      epochs: 15,
    },
  ];
}

async function exportSet(
  folder: string,
  fill: (store: Store, scratch: string) => Promise<void>,
  split: ReturnType<typeof parseSplit>,
): Promise<string> {
  const store = await openMemoryStore(join(folder, "store"));
  try {
    await fill(store, join(folder, "scratch"));
    const out = join(folder, "set");
    const about = { Origin: "public data, labels of people" };
    await exportStore(store, { format: "yolo", out, split, about });
    return out;
  } finally {
    await store.close();
  }
}

async function trainSeeds(
  runtime: Runtime,
  { out, ...options }: {
    readonly data: string;
    readonly model: string;
    readonly epochs: number;
    readonly out: string;
    readonly signal: AbortSignal;
  },
): Promise<StartScore> {
  const map50: number[] = [];
  const map50to95: number[] = [];
  const beganMs = performance.now();
  for (const seed of seeds) {
    let last: Readonly<Record<string, number>> = {};
    await trainDetector(runtime, {
      ...{ ...options, seed, side, batch: 8, closeMosaic: 5, patience: 0 },
      ...{ out, restart: true, task: "detect" },
      onEpoch: (_, row) => last = row,
    });
    map50.push(last["metrics/mAP50(B)"]);
    map50to95.push(last["metrics/mAP50-95(B)"]);
  }
  const seconds = (performance.now() - beganMs) / 1000 / seeds.length;
  return { map50, map50to95, seconds };
}

function lineOf(
  { title, epochs, start, map50, map50to95, seconds }: StartScore & {
    readonly title: string;
    readonly epochs: number;
    readonly start: string;
  },
): string {
  const mean = (values: readonly number[]) =>
    (values.reduce((a, b) => a + b, 0) / values.length).toFixed(3);
  const each = map50to95.map((value) => value.toFixed(3)).join(", ");
  return `${title}; ${epochs} epochs, ${start}: mAP50 ${
    mean(map50)
  }, mAP50-95 ${mean(map50to95)} (${each}), ${seconds.toFixed(0)} s`;
}
