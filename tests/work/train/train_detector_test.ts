import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { join } from "node:path";
import {
  CancelledError,
  openRuntime,
  type Runtime,
  trainDetector,
  type TrainOptions,
} from "medannotate";
import { makeDataSet } from "./made_data_set.ts";

const small = { side: 64, batch: 2, epochs: 4, closeMosaic: 1 } as const;

async function withData(
  work: (place: {
    runtime: Runtime;
    data: string;
    folder: string;
    train: (out: string, more?: Partial<TrainOptions>) => ReturnType<
      typeof trainDetector
    >;
  }) => Promise<void>,
) {
  const folder = await Deno.makeTempDir();
  const runtime = await openRuntime({ device: "cpu" });
  try {
    const data = await makeDataSet(join(folder, "data"));
    await work({
      runtime,
      data,
      folder,
      train: (out, more = {}) =>
        trainDetector(runtime, {
          data,
          out: join(folder, out),
          ...small,
          ...more,
        }),
    });
  } finally {
    runtime.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** The curves of a run without the seconds, which differ. */
async function curvesOf(out: string): Promise<string[]> {
  const text = await Deno.readTextFile(join(out, "results.csv"));
  return text.trim().split("\n").map((line) =>
    line.split(",").filter((_, i) => i !== 1).join()
  );
}

Deno.test("trainDetector() gives the same curves and weights whether it was stopped or not", async () => {
  await withData(async ({ folder, train }) => {
    const whole = await train("whole");
    equal(whole.epochs, 4);
    const stop = new AbortController();
    await rejects(
      train("stopped", {
        signal: stop.signal,
        onEpoch: ({ epoch }) => epoch === 2 && stop.abort(),
      }),
      CancelledError,
    );
    equal((await curvesOf(join(folder, "stopped"))).length, 3); // head and two epochs
    await train("stopped");
    deepEqual(
      await curvesOf(join(folder, "stopped")),
      await curvesOf(join(folder, "whole")),
    );
    for (
      const name of ["weights/best.safetensors", "weights/last.safetensors"]
    ) {
      deepEqual(
        await Deno.readFile(join(folder, "stopped", name)),
        await Deno.readFile(join(folder, "whole", name)),
        name,
      );
    }
  });
});

Deno.test("trainDetector() gathers gradients over several batches and goes on alike", async () => {
  await withData(async ({ folder, train }) => {
    const gathered = { nominalBatch: 4, optimiser: "sgd", epochs: 3 } as const;
    await train("whole", gathered);
    const stop = new AbortController();
    await rejects(
      train("stopped", {
        ...gathered,
        signal: stop.signal,
        onEpoch: () => stop.abort(),
      }),
      CancelledError,
    );
    await train("stopped", gathered);
    deepEqual(
      await curvesOf(join(folder, "stopped")),
      await curvesOf(join(folder, "whole")),
    );
  });
});

Deno.test("trainDetector() fine-tunes its own weights for other classes, frozen layers as they were", async () => {
  await withData(async ({ folder, train }) => {
    const first = await train("first", { epochs: 2 });
    const other = await makeDataSet(join(folder, "other"), { seed: 2 });
    const yaml = join(other, "data.yaml");
    const text = await Deno.readTextFile(yaml);
    await Deno.writeTextFile(yaml, text.replace('"blue"', '"green"'));
    const plans: string[] = [];
    const second = await train("second", {
      data: other,
      model: first.bestWeights,
      epochs: 2,
      freeze: 23, // all but the head
      onPlan: ({ transfer }) => {
        plans.push(...transfer?.keptClasses ?? []);
        equal(transfer?.newTensors.length, 6); // weight and bias of three class layers
      },
    });
    deepEqual(plans, ["red"]);
    const { openCheckpoint } = await import(
      "../../../lib/weights/open_checkpoint.ts"
    );
    const before = openCheckpoint(first.bestWeights);
    const after = openCheckpoint(second.lastWeights);
    try {
      const frozen = "model.0.conv.weight";
      deepEqual(after.read(frozen).data, before.read(frozen).data);
      const learnt = "model.23.cv2.0.0.conv.weight";
      ok(
        after.read(learnt).data.some((x, i) =>
          x !== before.read(learnt).data[i]
        ),
      );
    } finally {
      before.close();
      after.close();
    }
  });
});

Deno.test("trainDetector() refuses another run in the folder, and begins anew when asked", async () => {
  await withData(async ({ train }) => {
    await train("run", { epochs: 1 });
    await rejects(
      train("run", { epochs: 2, seed: 5 }),
      /these differ: .*epochs \(1 then, 2 now\).*seed \(0 then, 5 now\)/,
    );
    const again = await train("run", { epochs: 2, restart: true });
    equal(again.epochs, 2);
  });
});

Deno.test("trainDetector() ends early when nothing better comes", async () => {
  await withData(async ({ train }) => {
    const { epochs, best } = await train("run", { epochs: 30, patience: 2 });
    equal(epochs, best.epoch + 2);
  });
});

Deno.test("trainDetector() names an image that cannot be decoded, and learns from the rest", async () => {
  await withData(async ({ data, folder, train }) => {
    const path = join(data, "images/train/train0.png");
    const bytes = await Deno.readFile(path);
    // the pixels are damaged, header and end are whole
    bytes.fill(0x5a, 60, bytes.length - 40);
    await Deno.writeFile(path, bytes);
    let images = 0;
    await train("run", {
      epochs: 1,
      onPlan: (plan) => images = plan.images.train,
    });
    equal(images, 5);
    const problems = await Deno.readTextFile(join(folder, "run/problems.txt"));
    ok(problems.includes("images/train/train0.png"), problems);
  });
});

Deno.test("trainDetector() refuses a data set whose val is its train, unless forced, and says so", async () => {
  await withData(async ({ data, train }) => {
    const yaml = join(data, "data.yaml");
    const text = await Deno.readTextFile(yaml);
    await Deno.writeTextFile(
      yaml,
      text.replace('val: "images/val"', 'val: "images/train"'),
    );
    await rejects(train("run", { epochs: 1 }), /all 6 images of val are also/);
    const { marks } = await train("run", { epochs: 1, force: true });
    equal(marks.length, 1);
    ok(marks[0].startsWith("leak, forced: all 6 images of val"), marks[0]);
  });
});

Deno.test("trainDetector() stops when the losses are no numbers any more, and keeps what it has", async () => {
  await withData(async ({ train }) => {
    await rejects(
      train("run", { optimiser: "sgd", rate: 1e30, warmUpEpochs: 0 }),
      /in epoch 1 the losses became .*NaN.*a smaller learning rate/,
    );
  });
});
