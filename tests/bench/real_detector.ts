// A detector on real frames, from labels to report: polyps of Kvasir (33 frames of
// a capsule, five stills), instruments of CholecInstanceSeg (ten frames).
//
// With so little data the numbers are poor and prove nothing about a detector.
// What is shown: that every stage works on real pictures and labels of other
// tools, and that no patient is in two parts; then what it is worth to start
// from the detector that ships rather than from nothing (detector_starts.ts).

import { basename, join } from "node:path";
import {
  evaluateDetector,
  exportStore,
  makeReport,
  openMemoryStore,
  openRuntime,
  parseSplit,
  type Store,
  trainDetector,
} from "medannotate";
import type { Call } from "../../lib/cli/command.ts";
import { deviceOf } from "../../lib/cli/model_options.ts";
import { certificateText } from "../../lib/work/export/certificate_text.ts";
import { evaluationText } from "../../lib/work/evaluation/evaluation_text.ts";
import { hasShared, sharedUrl } from "../shared.ts";
import { compareStarts } from "./detector_starts.ts";
import { importCholec, importKvasir, sharedPath } from "./real_sets.ts";

const side = 160;
const epochs = 15;

/** Goes through every stage on both data sets; gives times and measures. */
export async function benchRealDetector(call: Call) {
  if (!hasShared) {
    call.warn(`real-detector: skipped, it needs ${sharedUrl.pathname}`);
    return { skipped: true };
  }
  const kept = call.text("out");
  const folder = kept ?? await Deno.makeTempDir({ prefix: "medannotate-" });
  try {
    const pretrained = sharedPath("golden/yolo/pt/yolo11n-shapes-det.pt");
    const polyps = await runSet(call, join(folder, "polyps"), {
      fill: importKvasir,
      starts: { "from nothing": "yolo11n", "from shapes": pretrained },
    });
    const instruments = await runSet(call, join(folder, "instruments"), {
      fill: importCholec,
      starts: { "from shapes": pretrained },
      // one patient: the training images are all there is to validate on
      force: true,
    });
    call.say(
      "\nWith 38 and 10 frames these numbers say nothing about a detector; what counts is that every stage ran and that no patient is in two parts.",
    );
    const starts = await compareStarts(call, join(folder, "starts"));
    return { polyps, instruments, starts };
  } finally {
    if (!kept) await Deno.remove(folder, { recursive: true });
  }
}

type RealSet = {
  readonly fill: (store: Store, scratch: string) => Promise<void>;
  /** What training starts from, by a title. */
  readonly starts: Readonly<Record<string, string>>;
  readonly force?: boolean;
};

async function runSet(
  call: Call,
  folder: string,
  { fill, starts, force = false }: RealSet,
) {
  const name = basename(folder);
  const clock = stageClock(call, name);
  const store = await openMemoryStore(join(folder, "store"));
  const data = join(folder, "set");
  try {
    await clock("import", () => fill(store, join(folder, "scratch")));
    const { certificate } = await clock("export", () =>
      exportStore(store, {
        format: "yolo",
        out: data,
        split: parseSplit("patient,train=0.8,val=0.2"),
        about: { Origin: "public data, labels of people" },
      }));
    call.say("");
    for (const line of certificateText(certificate).split("\n").slice(4, 34)) {
      call.say(line);
    }
    const results: Record<string, unknown> = {
      sharedPatients: certificate.sharedPatients,
      marks: certificate.marks,
    };
    for (const [title, model] of Object.entries(starts)) {
      results[title] = await runStart(call, folder, {
        ...{ data, model, force },
        clock: (stage, work) => clock(`${stage}, ${title}`, work),
        run: join(folder, title.replaceAll(" ", "-")),
      });
    }
    return { ...results, seconds: clock.seconds };
  } finally {
    await store.close();
  }
}

async function runStart(
  call: Call,
  folder: string,
  { data, model, force, clock, run }: {
    readonly data: string;
    readonly model: string;
    readonly force: boolean;
    readonly clock: <Out>(
      stage: string,
      work: () => Promise<Out>,
    ) => Promise<Out>;
    readonly run: string;
  },
) {
  const device = deviceOf(call);
  const { signal } = call;
  const { bestWeights } = await clock("train", async () => {
    const runtime = await openRuntime({ device });
    try {
      return await trainDetector(runtime, {
        ...{ data, model, out: run, force, signal },
        ...{ epochs, side, batch: 8, closeMosaic: 5, restart: true },
      });
    } finally {
      runtime.close();
    }
  });
  const evaluation = await clock("evaluate", () =>
    evaluateDetector({
      ...{ data, device, signal, model: bestWeights },
      out: join(run, "evaluation"),
      cache: join(folder, "cache"),
    }));
  for (const line of evaluationText(evaluation)) call.say(line);
  for (const mark of evaluation.marks) call.say(`note: ${mark}`);
  const { page } = await clock("report", () =>
    makeReport({
      ...{ run, data, signal },
      evaluation: join(run, "evaluation"),
      out: `${run}.html`,
    }));
  const { size } = await Deno.stat(page);
  call.say(`report ${page}, ${Math.round(size / 1000)} kB`);
  const { map50, map50to95 } = evaluation.boxes.ultralytics84;
  return { map50, map50to95, failures: evaluation.failureCounts };
}

/** Says how long each stage took. */
function stageClock(call: Call, name: string) {
  const seconds: Record<string, number> = {};
  const clock = async <Out>(
    stage: string,
    work: () => Promise<Out>,
  ): Promise<Out> => {
    const startMs = performance.now();
    const result = await work();
    seconds[stage] = (performance.now() - startMs) / 1000;
    call.say(`\n${name}: ${stage} ${seconds[stage].toFixed(1)} s`);
    return result;
  };
  return Object.assign(clock, { seconds });
}
