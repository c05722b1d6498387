// One process of the int8 bench: loads tiny, tracks a frame, tells its peak memory.

import { openRuntime } from "../../lib/runtime/runtime.ts";
import { openEngine, type Precision } from "../../lib/sam2/engine.ts";
import { tinyByFormula } from "./measure.ts";
import { stagesOf } from "./propagate_bench.ts";

const [cache, side, precision] = Deno.args;
const weights = await tinyByFormula();
const runtime = await openRuntime({ device: "cpu" });
const engine = await openEngine(weights!, runtime, {
  sha256: "bench-int8",
  cache,
  side: Number(side),
  precision: precision as Precision, // of int8_bench.ts
});
const { work, close } = await stagesOf(engine);
await work.firstPass();
await close();
await engine.close();
runtime.close();
const status = await Deno.readTextFile("/proc/self/status").catch(() => ""); // Linux only
const kilobytes = Number(status.match(/VmHWM:\s*(\d+)/)?.[1]);
console.log(Math.round(kilobytes * 1024 / 1e6));
