// A process that commits frames until it is killed, for kill_test.ts.
//
// Arguments: URL, folder, sequence, object, run. Each round goes over all
// frames with new masks. A line `frame area` is printed after its commit.

import { commitFrame, openForWriting, openStore, saveMask } from "medannotate";
import { firstPixels, propagated } from "./fresh_store.ts";

const [url, folder, ...ids] = Deno.args;
const [sequenceId, objectId, runId] = ids.map(Number);
const store = await openStore({ url, folder });
const writer = await openForWriting(store, sequenceId);
const { frameCount } = writer.sequence;
for (let i = 0;; i++) {
  const frame = i % frameCount;
  const area = i % 13;
  const bitmap = firstPixels(area);
  const floats = Float32Array.of(i, area);
  await commitFrame(writer, {
    runId,
    masks: [propagated(objectId, frame, bitmap)],
    memories: [{
      objectId,
      direction: "forward",
      frame: i,
      isConditioning: false,
      objectScore: 1,
      predictedIou: area,
      lowRes: floats,
      pointer: floats,
      memory: new Float32Array(2048).fill(i),
    }],
    forget: [{ objectId, direction: "forward", frame: i - 7 }],
    framesDone: i + 1,
  });
  console.log(i, frame, area);
  if (i % 5 === 0) {
    // Clicks come between; they must not disturb frames.
    await saveMask(writer, {
      objectId: objectId + 1,
      frame,
      bitmap: firstPixels(12 - area),
      origin: "click",
    });
  }
}
