import { deepEqual, equal, rejects } from "node:assert/strict";
import {
  detectionOf,
  lineOf,
  openLines,
  readDetectionLines,
  writeDetectionTable,
} from "../../../lib/work/detect/detection_lines.ts";
import { inFolder } from "../../media/temporary_folder.ts";

const place = {
  frame: 7,
  name: "a, b.png",
  timeMs: 280.00049,
  size: { width: 3, height: 2 },
};
const found = {
  box: { x0: 0.12345, y0: 1, x1: 2.9996, y1: 2 },
  confidence: 0.123456789,
  classNumber: 1,
  mask: { size: [2, 3], counts: [2, 3, 1] } as const,
};
const line = lineOf(place, [found], ["polyp", "tool"]);

Deno.test("lineOf() rounds numbers once", () => {
  deepEqual(line, {
    frame: 7,
    name: "a, b.png",
    timeMs: 280,
    size: [3, 2],
    detections: [{
      box: [0.123, 1, 3, 2],
      confidence: 0.12346,
      class: 1,
      name: "tool",
      rle: { size: [2, 3], counts: "231" },
    }],
  });
});

Deno.test("detectionOf() reads back what lineOf() wrote", () => {
  deepEqual(detectionOf(line.detections[0]), {
    box: { x0: 0.123, y0: 1, x1: 3, y1: 2 },
    confidence: 0.12346,
    classNumber: 1,
    mask: found.mask,
  });
});

Deno.test(
  "openLines() goes on after the last whole line",
  inFolder(async (folder) => {
    const path = `${folder}/lines.jsonl`;
    const first = await openLines(path);
    equal(first.before, 0);
    await first.append(line);
    await first.append({ ...line, frame: 8 });
    first.close();
    const whole = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, '{"frame":9,"name":"полип', {
      append: true,
    });
    const framesIn = async () =>
      (await Array.fromAsync(readDetectionLines(path)))
        .map(({ frame }) => frame);
    deepEqual(await framesIn(), [7, 8]);
    const second = await openLines(path);
    equal(second.before, 2);
    await rejects(
      openLines(path),
      /lines\.jsonl: another run is writing to it/,
    );
    equal(await Deno.readTextFile(path), whole);
    await second.append({ ...line, frame: 9 });
    second.close();
    deepEqual(await framesIn(), [7, 8, 9]);
  }),
);

Deno.test(
  "readDetectionLines() reads nothing of no file, and names a line that is none",
  inFolder(async (folder) => {
    const path = `${folder}/lines.jsonl`;
    deepEqual(await Array.fromAsync(readDetectionLines(path)), []);
    await Deno.writeTextFile(path, `${JSON.stringify(line)}\n{"frame":1}\n`);
    await rejects(
      Array.fromAsync(readDetectionLines(path)),
      /lines\.jsonl: line 2 is none of detections\.jsonl/,
    );
  }),
);

Deno.test(
  "writeDetectionTable() writes a row for each object",
  inFolder(async (folder) => {
    async function* lines() {
      yield line;
      yield { ...line, frame: 8, detections: [] };
      const [{ rle: _, ...box }] = line.detections;
      yield {
        ...{ ...line, frame: 9, timeMs: null },
        detections: [{ ...box, track: 4 }],
      };
    }
    await writeDetectionTable(`${folder}/t.csv`, lines());
    deepEqual((await Deno.readTextFile(`${folder}/t.csv`)).split("\r\n"), [
      "frame,name,time_ms,class,class_name,confidence,x0,y0,x1,y1,track,mask_area_px",
      '7,"a, b.png",280,1,tool,0.12346,0.123,1,3,2,,3',
      '9,"a, b.png",,1,tool,0.12346,0.123,1,3,2,4,',
      "",
    ]);
  }),
);
