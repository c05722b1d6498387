// The annotator as a person meets it: how long a click takes on the server, how
// long until the first frame of an hour of video, how much memory page and server
// have after leafing through thousands of frames.
//
// All through the real server and its HTTP interface; the page itself in Chromium,
// where that is installed.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type {
  ActionResult,
  HomeView,
  ImportView,
} from "../../lib/api/contract.ts";
import { openDesks } from "../../lib/api/desks.ts";
import { serveAnnotator } from "../../lib/api/server.ts";
import type { Call } from "../../lib/cli/command.ts";
import { openFrames } from "../../lib/media/open_frames.ts";
import { createVideoWriter } from "../../lib/media/video_writer.ts";
import { openModel } from "../../lib/work/open_model.ts";
import { openDataStore } from "../../lib/work/open_store.ts";
import { findAddress } from "../api/find_address.ts";
import { findBrowser, openPage, pressTimes } from "../browser/page.ts";
import { sampleClipPath } from "../../lib/notebook/sample.ts";
import { writeTiny } from "./measure.ts";

const clicks = 200;

/** Measures clicks, long videos and memory. */
export async function benchAnnotator(call: Call) {
  const folder = await Deno.makeTempDir();
  try {
    return {
      clicks: await benchClicks(call, folder),
      memory: await benchScrubbing(call, folder),
      hour: await benchHour(call, folder),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

export async function benchClicks(call: Call, folder: string) {
  const tiny = await writeTiny(folder);
  const models = [
    { name: "nano at 128", choice: {} },
    { name: "tiny at 512", choice: { model: tiny, size: 512 } },
    { name: "tiny at 1024", choice: { model: tiny, size: 1024 } },
  ];
  const results: Record<string, unknown> = {};
  for (const { name, choice } of models) {
    await using open = new AsyncDisposableStack();
    const model = open.adopt(
      await openModel({ ...choice, device: "cpu" }),
      (model) => model.close(),
    );
    const store = open.adopt(
      await openDataStore({ folder: `${folder}/${name}` }),
      (store) => store.close(),
    );
    const desks = open.adopt(openDesks(store, model), (desks) => desks.close());
    const id = await desks.import(sampleClipPath);
    const server = open.adopt(
      serveAnnotator(desks),
      (server) => server.close(),
    );
    const post = poster(server.localUrl);
    const path = `api/sequences/${id}`;
    const made = await post<ActionResult>(`${path}/actions`, {
      kind: "createObject",
      tagId: null,
    });
    await post(`${path}/frames/0/ready`, {});
    const serverMs: number[] = [];
    const wholeMs: number[] = [];
    for (let i = 0; i < clicks; i++) {
      const startMs = performance.now();
      const { msTaken } = await post<ActionResult>(`${path}/actions`, {
        kind: "point",
        objectId: made.objectId,
        frame: 0,
        x: 40 + i * 2,
        y: 60 + (i * 37) % 240,
        sign: "+",
        seen: null,
      });
      wholeMs.push(performance.now() - startMs);
      serverMs.push(msTaken);
      await post(`${path}/actions`, { kind: "undo" }); // the next click is a first one too
    }
    const [server50, server95] = quantiles(serverMs);
    const [whole50, whole95] = quantiles(wholeMs);
    call.say(
      `a click, ${name}: ${server50} ms of server time (95 %: ${server95}), ${whole50} ms to the answer (${whole95}), over ${clicks} clicks`,
    );
    results[name] = { server50, server95, whole50, whole95 };
  }
  return results;
}

export async function benchScrubbing(call: Call, folder: string) {
  const browser = await findBrowser();
  if (!browser) {
    call.say("memory of the page: Chromium is missing");
    return undefined;
  }
  const count = 2000;
  const video = `${folder}/scrub.mp4`;
  await writeLoop(video, count, call);
  await using open = new AsyncDisposableStack();
  const model = open.adopt(
    await openModel({ device: "cpu" }),
    (model) => model.close(),
  );
  const store = open.adopt(
    await openDataStore({ folder: `${folder}/scrub` }),
    (store) => store.close(),
  );
  const desks = open.adopt(openDesks(store, model), (desks) => desks.close());
  await desks.import(video);
  const server = open.adopt(serveAnnotator(desks), (server) => server.close());
  const page = open.adopt(
    await openPage(browser, server.url),
    (page) => page.close(),
  );
  const look = async () => ({
    pageMb: await page.memoryMb(),
    serverMb: Deno.memoryUsage().rss / 1e6,
  });
  await pressTimes(page, "KeyF", 200); // caches fill
  const before = await look();
  await pressTimes(page, "KeyF", count - 200);
  const after = await look();
  call.say(
    `memory after ${count} frames leafed through: page ${
      before.pageMb.toFixed(0)
    } MB after 200 and ${after.pageMb.toFixed(0)} at the end, server ${
      before.serverMb.toFixed(0)
    } and ${after.serverMb.toFixed(0)} MB`,
  );
  return { count, before, after };
}

export async function benchHour(call: Call, folder: string) {
  const count = call.count("frames", { least: 100 }) ?? 90_000;
  const video = `${folder}/hour.mp4`;
  if (!existsSync(video)) await writeLoop(video, count, call);
  const first = await startOn(video, `${folder}/hour`);
  const second = await startOn(video, `${folder}/hour`);
  call.say(
    `${count} frames of 480x360: first frame on the page ${
      first.pictureSeconds.toFixed(1)
    } s after the command, ready for clicks after ${
      first.readySeconds.toFixed(0)
    } s; opened again after ${
      second.readySeconds.toFixed(1)
    } s, a frame far away in ${second.jumpMs.toFixed(0)} ms (median of 20)`,
  );
  return { count, first, second };
}

/** Starts the verb on a video, as a person does, and watches what it answers. */
async function startOn(video: string, data: string) {
  const verb = fileURLToPath(
    new URL("../../lib/cli/annotate.ts", import.meta.url),
  );
  const startMs = performance.now();
  const seconds = () => (performance.now() - startMs) / 1000;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", verb, video, "--data", data, "--json"],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const url = await findAddress(child.stderr, /"url":"([^"]+)"/);
  const get = async <Answer>(path: string): Promise<Answer> =>
    await (await fetch(`${url}${path}`)).json();
  let pictureSeconds: number | undefined;
  let imported: ImportView | undefined;
  while (imported?.sequenceId == null) {
    [imported] = (await get<HomeView>("api/home")).imports;
    if (imported?.picture) pictureSeconds ??= seconds();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const path = `api/sequences/${imported.sequenceId}`;
  const picture = async (frame: number) => {
    const jumpMs = performance.now();
    await (await fetch(`${url}${path}/frames/${frame}/picture`)).bytes();
    return performance.now() - jumpMs;
  };
  await get(path);
  await picture(0);
  pictureSeconds ??= seconds();
  const readySeconds = seconds();
  const jumps: number[] = [];
  const { frameCount } = (await get<HomeView>("api/home")).sequences[0];
  for (let i = 1; i <= 20; i++) {
    jumps.push(
      await picture(Math.floor(i * frameCount * 0.6180339887) % frameCount),
    );
  }
  child.kill("SIGTERM");
  await child.status;
  const [jumpMs] = quantiles(jumps);
  return { pictureSeconds, readySeconds, jumpMs };
}

/** The sample clip, forward and backward, as long as wanted. */
async function writeLoop(path: string, count: number, call: Call) {
  const clip = await openFrames(sampleClipPath);
  const images = [];
  for (let i = 0; i < clip.count; i++) images.push(await clip.read(i));
  await clip.close();
  const writer = await createVideoWriter(path, {
    size: clip.size,
    fps: 25,
    crf: 30,
    gop: 250,
  });
  const period = 2 * (images.length - 1);
  for (let i = 0; i < count; i++) {
    const at = i % period;
    const image = images[Math.min(at, period - at)];
    const data = image.data.slice();
    data.set([i & 255, (i >> 8) & 255, i >> 16], 0); // no two are the same
    await writer.write({ ...image, data });
    call.onProgress({
      stage: "write",
      done: i + 1,
      total: count,
      perSecond: 0,
      secondsLeft: undefined,
    });
  }
  await writer.close();
}

function poster(base: string) {
  return async <Answer>(path: string, body: unknown): Promise<Answer> => {
    const answer = await fetch(`${base}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(await answer.text());
    return await answer.json();
  };
}

/** Median and 95th percentile, to a tenth. */
function quantiles(values: readonly number[]): readonly [number, number] {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) =>
    Math.round(sorted[Math.floor((sorted.length - 1) * share)] * 10) / 10;
  return [at(0.5), at(0.95)];
}
