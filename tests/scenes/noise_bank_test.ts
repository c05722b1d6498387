import { deepEqual, ok } from "node:assert/strict";
import { seededRandom } from "../../lib/base/random.ts";
import { noiseBank, noiseField } from "../../lib/scenes/noise_bank.ts";
import { noiseVolumes, volumeAt } from "../../lib/scenes/noise_volume.ts";

Deno.test("noiseBank() holds fields of mean 0 and deviation 1", () => {
  for (const { full } of noiseBank().rough.slice(0, 10)) {
    const mean = full.reduce((sum, v) => sum + v / full.length, 0);
    const power = full.reduce((sum, v) => sum + v * v / full.length, 0);
    ok(Math.abs(mean) < 1e-3 && Math.abs(power - 1) < 1e-3, `${mean} ${power}`);
  }
});

Deno.test("noiseField() is the same for the same seed, without seams", () => {
  const draw = () => noiseField(seededRandom(4), 300, 300, { smooth: true });
  const { data } = draw();
  deepEqual(draw().data, data);
  // Smooth tiles change by less than a tenth of their deviation per pixel.
  for (let i = 1; i < data.length; i++) {
    if (i % 300) ok(Math.abs(data[i] - data[i - 1]) < 0.15, `at ${i}`);
  }
});

Deno.test("volumeAt() reads its points and repeats after 64 cells", () => {
  const [field] = noiseVolumes().rough;
  const there = volumeAt(field, 3, 5, 7);
  deepEqual(there, field[3 + 64 * (5 + 64 * 7)]);
  deepEqual(volumeAt(field, 3 - 64, 5 + 64, 7 - 128), there);
  const half = volumeAt(field, 3.5, 5, 7);
  ok(Math.abs(half - (there + field[4 + 64 * (5 + 64 * 7)]) / 2) < 1e-6);
});
