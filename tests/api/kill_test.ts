// The annotator's server killed at random moments while somebody works: whatever
// it had answered is there when it comes back.
//
// Masks that a person made, prompts, objects, spans and the history are compared
// with the last answer; a propagation that runs meanwhile may only add masks. The
// action under way when the kill came may have happened or not, as a whole.
// KILLS sets how many kills one run gets; the default keeps the tests short.

import { deepEqual, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { encodeCounts } from "medannotate";
import type {
  ActionResult,
  FrameView,
  HomeView,
  SequenceView,
} from "../../lib/api/contract.ts";
import { seededRandom } from "../../lib/base/random.ts";
import { checkFiles } from "../../lib/store/check_files.ts";
import { openDataStore } from "../../lib/work/open_store.ts";
import { findAddress } from "./find_address.ts";
import { inFolder } from "../media/temporary_folder.ts";
import { frameCount, frameSize, writeFrames } from "../work/small_clip.ts";

const verb = fileURLToPath(
  new URL("../../lib/cli/annotate.ts", import.meta.url),
);
const cell = fileURLToPath(new URL("serve_cell.ts", import.meta.url));
const small = ["--device", "cpu", "--size", "64"];
const kills = Number(Deno.env.get("KILLS") ?? 3);

/** A running server and how to speak to it. */
type Served = {
  readonly child: Deno.ChildProcess;
  get<Answer>(path: string): Promise<Answer>;
  post<Answer>(path: string, body: unknown): Promise<Answer>;
};

/** What is killed: the verb, or the process of a notebook's kernel. */
type Server = "the annotator" | "a kernel that shows it";

async function serve(folder: string, kind: Server): Promise<Served> {
  const places = [`${folder}/frames`, `${folder}/data`] as const;
  const child = new Deno.Command(Deno.execPath(), {
    args: kind === "the annotator"
      ? ["run", "-A", verb, places[0], "--data", places[1], ...small]
      : ["run", "-A", cell, ...places],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const base = await findAddress(child.stdout);
  const ask = async (path: string, init?: RequestInit) => {
    const answer = await fetch(`${base}${path}`, init);
    const json = await answer.json();
    if (!answer.ok) throw new Error(`${answer.status}: ${json.error}`);
    return json;
  };
  const get = <Answer>(path: string): Promise<Answer> => ask(path);
  const isReading = async () =>
    (await get<HomeView>("api/home")).imports
      .some(({ sequenceId }) => sequenceId === null);
  while (await isReading()) {
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  return {
    child,
    get,
    post: (path, body) =>
      ask(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
  };
}

/** All that a person did, as the server answers it now. */
async function work({ get }: Served) {
  const view = await get<SequenceView>("api/sequences/1");
  const frames = [];
  for (let frame = 0; frame < frameCount; frame++) {
    frames.push(
      personal(await get<FrameView>(`api/sequences/1/frames/${frame}`)),
    );
  }
  const { objects, spans, history } = view;
  return { objects, spans, history, frames };
}

/** What a person stands behind on a frame. */
function personal({ masks, prompts }: FrameView) {
  const own = masks.filter(({ verified, origin }) =>
    verified || origin !== "propagated"
  );
  const kept = own.map(({ objectId, origin, counts, verified }) => (
    { objectId, origin, counts, verified }
  ));
  return { masks: kept, prompts };
}

type Work = Awaited<ReturnType<typeof work>>;

/** The next thing that a person does. */
function nextAction(
  random: () => number,
  objectIds: readonly number[],
): Record<string, unknown> {
  const pick = <Value>(values: readonly Value[]) =>
    values[Math.floor(random() * values.length)];
  const objectId = pick(objectIds);
  const frame = Math.floor(random() * frameCount);
  const rows = 5 + Math.floor(random() * 60);
  const counts = [0];
  for (let x = 0; x < frameSize.width; x++) {
    counts.push(rows, frameSize.height - rows);
  }
  const x = 60 + Math.floor(random() * 60);
  const y = 40 + Math.floor(random() * 50);
  const sign = random() < 0.8 ? "+" : "-";
  const place = { objectId, frame };
  return pick<Record<string, unknown>>([
    { kind: "point", ...place, x, y, sign },
    { kind: "point", ...place, x, y, sign },
    { kind: "draw", ...place, counts: encodeCounts(counts) },
    {
      kind: "deleteMasks",
      objectId,
      from: frame,
      to: Math.min(frame + 2, frameCount - 1),
    },
    {
      kind: "verify",
      objectId,
      from: frame,
      to: Math.min(frame + 3, frameCount - 1),
      verified: true,
    },
    { kind: "createObject", tagId: null },
    { kind: "undo" },
    { kind: "undo" },
    { kind: "redo" },
  ]);
}

for (const kind of ["the annotator", "a kernel that shows it"] as const) {
  Deno.test(
    `${kind}, killed ${kills} times, loses nothing that it had answered`,
    inFolder(async (folder) => {
      await writeFrames(`${folder}/frames`);
      const random = seededRandom(5);
      let actions = 0;
      let halfway = 0;
      let before: Work | undefined; // after the last answer
      let isUnderWay = false; // sent, not answered
      let answer: ActionResult | undefined; // given since `before` was read
      for (let kill = 0; kill <= kills; kill++) {
        const server = await serve(folder, kind);
        const now = await work(server);
        if (answer) {
          const { history, objects, spans, frame } = answer;
          deepEqual(
            [now.history, now.objects, now.spans],
            [history, objects, spans],
            "answered work is gone",
          );
          if (frame) deepEqual(now.frames[frame.frame], personal(frame));
        } else if (before && !isDeepStrictEqual(now, before)) {
          if (!isUnderWay) deepEqual(now, before, "answered work is gone");
          halfway++;
        }
        if (kill === kills) {
          server.child.kill("SIGTERM");
          await server.child.status;
          break;
        }
        before = now;
        isUnderWay = false;
        answer = undefined;
        let isDead = false;
        const patienceMs = 100 + random() * 900;
        setTimeout(() => {
          isDead = true;
          server.child.kill("SIGKILL");
        }, patienceMs);
        try {
          while (true) {
            const objectIds: readonly number[] = before.objects
              .map(({ id }) => id);
            const action = objectIds.length === 0
              ? { kind: "createObject", tagId: null }
              : nextAction(random, objectIds);
            const seen = await seenBy(server, action);
            if (random() < 0.2) {
              await server.post("api/sequences/1/propagation", {
                mode: "both",
                frame: 0,
              })
                .catch((error) => {
                  if (isDead) throw error; // otherwise: one runs, or nothing is clicked yet
                });
            }
            isUnderWay = true;
            answer = await server.post<ActionResult>(
              "api/sequences/1/actions",
              { ...action, ...seen },
            ).catch((error) => {
              // otherwise: there was nothing to delete, or nothing to copy
              if (isDead || !/^400|^409/.test(error.message)) throw error;
              return undefined;
            });
            isUnderWay = false;
            actions++;
            before = await work(server);
            answer = undefined;
          }
        } catch (error) {
          if (!isDead) throw error;
        }
        await server.child.status;
      }
      const store = await openDataStore({ folder: `${folder}/data` });
      deepEqual(await checkFiles(store, 1), []);
      await store.close();
      ok(actions >= kills);
      console.log(
        `${kind}: ${kills} kills after ${actions} answered actions, ${halfway} actions under way had happened`,
      );
    }),
  );
}

/** What the page would have seen of the mask that an action replaces. */
async function seenBy(
  { get }: Served,
  { objectId, frame }: Record<string, unknown>,
): Promise<{ readonly seen?: string | null }> {
  if (frame === undefined || objectId === undefined) return {};
  const { masks } = await get<FrameView>(`api/sequences/1/frames/${frame}`);
  const mask = masks.find((mask) => mask.objectId === objectId);
  return { seen: mask?.version ?? null };
}
