// Downloads from a server in this process: what is whole, cut, wrong or absent.

import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import {
  fetchModel,
  findModel,
  type ModelPlace,
  type ModelRecord,
  type Progress,
} from "medannotate";
import { sha256OfFile } from "../../lib/work/model_file.ts";
import { inFolder } from "../media/temporary_folder.ts";
import { writeHuggingFace } from "../sam2/hugging_face.ts";
import { shapesOf, tiny, writeZeros } from "../sam2/official_shapes.ts";
import { listTree } from "./export/made_sequence.ts";

/** A checkpoint that tells its sizes itself, and its checksum. */
async function makeCheckpoint() {
  const path = await Deno.makeTempFile({ suffix: ".safetensors" });
  writeHuggingFace("tests/golden/sam2/sam2-mini.pt", path);
  const content = await Deno.readFile(path);
  const sha256 = await sha256OfFile(path);
  await Deno.remove(path);
  return { content, sha256 };
}

const { content, sha256 } = await makeCheckpoint();

/** What a server does with a request for the file. */
type Serve = (from: number, request: Request) => Response;

/** The rest of a file, as a server that knows ranges sends it. */
function rest(bytes: Uint8Array<ArrayBuffer>, from: number): Response {
  if (from === 0) return new Response(bytes);
  if (from >= bytes.length) {
    const range = `bytes */${bytes.length}`;
    return new Response(null, {
      status: 416,
      headers: { "content-range": range },
    });
  }
  const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
  return new Response(bytes.slice(from), {
    status: 206,
    headers: { "content-range": range },
  });
}

/** Half of a file, then the connection breaks. */
function cut(bytes: Uint8Array<ArrayBuffer>): Response {
  const half = bytes.slice(0, bytes.length >> 1);
  let isSent = false;
  const body = new ReadableStream({
    pull(controller) {
      if (isSent) controller.error(new Error("cut"));
      else controller.enqueue(half);
      isSent = true;
    },
  });
  const length = String(bytes.length);
  return new Response(body, { headers: { "content-length": length } });
}

/** A test with a server, an empty folder of models, and a record that points there. */
function fetchTest(
  name: string,
  test: (world: {
    readonly serve: (next: Serve) => void;
    readonly asked: readonly string[];
    readonly place: (change?: Partial<ModelRecord>) => ModelPlace;
    readonly tree: () => Promise<string[]>;
    readonly folder: string;
  }) => Promise<void>,
) {
  Deno.test(
    name,
    inFolder(async (folder) => {
      const asked: string[] = [];
      let answer: Serve = (from) => rest(content, from);
      const server = Deno.serve(
        {
          hostname: "127.0.0.1",
          port: 0,
          onListen: () => {},
          onError: () => new Response(null, { status: 500 }),
        },
        (request) => {
          const range = request.headers.get("range") ?? "";
          asked.push(range);
          return answer(Number(range.match(/\d+/)?.[0] ?? 0), request);
        },
      );
      const record: ModelRecord = {
        id: "sam2.1-mine",
        family: "sam2.1",
        size: "custom",
        imageSize: 128,
        file: "mine.safetensors",
        licence: "MIT",
        source: `http://127.0.0.1:${server.addr.port}/mine.safetensors`,
        sha256,
        bytes: content.length,
      };
      const models = `${folder}/models`;
      await Deno.mkdir(models);
      await Deno.mkdir(`${models}/user`);
      try {
        await test({
          serve: (next) => answer = next,
          asked,
          place: (change) => ({
            folder: models,
            registry: [{ ...record, ...change }],
          }),
          tree: () => listTree(`${models}/user`),
          folder,
        });
      } finally {
        await server.shutdown();
      }
    }),
  );
}

const installed = [
  "sam2.1-mine/.installed.json",
  "sam2.1-mine/mine.safetensors",
];

fetchTest(
  "fetchModel() downloads, checks and installs a model with progress",
  async ({ asked, place, tree }) => {
    const reports: Progress[] = [];
    const onProgress = (progress: Progress) => void reports.push(progress);
    const { fetched, record, path } = await fetchModel(
      "sam2.1-mine",
      { onProgress },
      place(),
    );
    ok(fetched);
    deepEqual([record.sha256, record.bytes], [sha256, content.length]);
    deepEqual(await Deno.readFile(path), content);
    deepEqual(await tree(), installed);
    equal((await findModel("sam2.1-mine", place())).licence, "MIT");
    const { stage, done, total } = reports.at(-1)!;
    deepEqual([stage, done, total], ["fetch, MB", 4, 4]); // 3.9 MB

    const again = await fetchModel("sam2.1-mine", {}, place());
    deepEqual([again.fetched, asked.length], [false, 1]);
  },
);

fetchTest(
  "fetchModel() goes on where a cut connection stopped",
  async ({ serve, asked, place, tree }) => {
    serve(() => cut(content));
    await rejects(
      fetchModel("sam2.1-mine", {}, place()),
      /Cannot download http.*: the connection was lost \(.*\); \d+ bytes are kept and the same command goes on from there/,
    );
    deepEqual(await tree(), ["mine.safetensors.part"]);
    serve((from) => rest(content, from));
    const { path } = await fetchModel("sam2.1-mine", {}, place());
    deepEqual(asked, ["", `bytes=${content.length >> 1}-`]);
    deepEqual(await Deno.readFile(path), content);
    deepEqual(await tree(), installed);
  },
);

fetchTest(
  "fetchModel() starts again with a server that knows no ranges",
  async ({ serve, asked, place, tree }) => {
    serve(() => cut(content));
    await rejects(fetchModel("sam2.1-mine", {}, place()));
    serve(() => new Response(content));
    const { path } = await fetchModel("sam2.1-mine", {}, place());
    equal(asked.length, 2);
    deepEqual(await Deno.readFile(path), content);
    deepEqual(await tree(), installed);
  },
);

fetchTest(
  "fetchModel() takes a part that is whole already, and drops one that is too long",
  async ({ asked, place, tree, folder }) => {
    const part = `${folder}/models/user/mine.safetensors.part`;
    await Deno.writeFile(part, content);
    await fetchModel("sam2.1-mine", {}, place());
    deepEqual(asked, []);
    await Deno.remove(`${folder}/models/user/sam2.1-mine`, { recursive: true });
    await Deno.writeFile(part, content); // the size is not known: the server tells
    await fetchModel("sam2.1-mine", {}, place({ bytes: undefined }));
    deepEqual(asked, [`bytes=${content.length}-`]);
    await Deno.remove(`${folder}/models/user/sam2.1-mine`, { recursive: true });
    for (const bytes of [content.length, undefined]) {
      await Deno.writeFile(part, Uint8Array.of(...content.slice(0, 9), 1, 2));
      await Deno.truncate(part, content.length + 7);
      await fetchModel("sam2.1-mine", {}, place({ bytes }));
      deepEqual(await tree(), installed);
      await Deno.remove(`${folder}/models/user/sam2.1-mine`, {
        recursive: true,
      });
    }
  },
);

fetchTest(
  "fetchModel() refuses another checksum and leaves nothing",
  async ({ place, tree }) => {
    const wrong = place({ sha256: "0".repeat(64) });
    await rejects(
      fetchModel("sam2.1-mine", {}, wrong),
      /what came has sha256 [0-9a-f]{64}, expected 0{64}; it was removed/,
    );
    deepEqual(await tree(), []);
  },
);

fetchTest(
  "fetchModel() refuses another size before it downloads, and keeps what it has",
  async ({ serve, place, tree }) => {
    serve(() => cut(content));
    await rejects(fetchModel("sam2.1-mine", {}, place()));
    serve(() => new Response("<html>Please log in</html>"));
    await rejects(
      fetchModel("sam2.1-mine", {}, place()),
      /the server offers 26 bytes, expected \d+; \d+ bytes are kept/,
    );
    deepEqual(await tree(), ["mine.safetensors.part"]);
    serve((from) => rest(content, from));
    await fetchModel("sam2.1-mine", {}, place());
    deepEqual(await tree(), installed);
  },
);

fetchTest(
  "fetchModel() without a known checksum wants the network that the record names",
  async ({ serve, place, tree, folder }) => {
    const unknown = { sha256: undefined, bytes: undefined };
    const refused = async (change: Partial<ModelRecord>, message: RegExp) => {
      const there = place({ ...unknown, ...change });
      await rejects(fetchModel("sam2.1-mine", {}, there), message);
      deepEqual(await tree(), []);
    };
    await refused(
      { family: "sam2.0" },
      /its family is sam2\.1, expected sam2\.0; what came was removed/,
    );
    await refused({ size: "tiny" }, /its size is custom, expected tiny/);
    await refused({ imageSize: 512 }, /its imageSize is 128, expected 512/);
    serve(() => new Response("<html>Please log in</html>"));
    await refused({}, /it is a web page.*what came was removed/);
    const zeros = `${folder}/zeros`;
    writeZeros(zeros, shapesOf(tiny));
    await Deno.truncate(zeros, 5_000_000);
    const short = await Deno.readFile(zeros);
    serve(() => new Response(short));
    await refused({}, /tensor \S+ ends at byte \d+, the file ends at 5000000/);

    serve((from) => rest(content, from));
    const { record } = await fetchModel("sam2.1-mine", {}, place(unknown));
    deepEqual([record.sha256, record.bytes], [sha256, content.length]);
  },
);

fetchTest(
  "fetchModel() says in one sentence what a server or the network refused",
  async ({ serve, place, tree }) => {
    serve(() => new Response("no", { status: 404, statusText: "Not Found" }));
    await rejects(fetchModel("sam2.1-mine", {}, place()), {
      message: /^Cannot download http:\S+: the server answered 404 Not Found$/,
    });
    const nobody = place({ source: "http://127.0.0.1:1/mine.safetensors" });
    await rejects(fetchModel("sam2.1-mine", {}, nobody), {
      message: /^Cannot download http:\S+: there is no connection \([^\n]+\)$/,
    });
    const nowhere = place({ source: "https://sam2.invalid/mine.safetensors" });
    await rejects(fetchModel("sam2.1-mine", {}, nowhere), {
      message: /^Cannot download https:\S+: there is no connection \([^\n]+\)$/,
    });
    deepEqual(await tree(), []);
  },
);

fetchTest(
  "fetchModel() does not wait for a silent server",
  async ({ serve, place, tree }) => {
    serve(() =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(content.slice(0, 1000)),
        }),
        { headers: { "content-length": String(content.length) } },
      )
    );
    await rejects(
      fetchModel("sam2.1-mine", { idleMs: 200 }, place()),
      /nothing came for 0\.2 s; 1000 bytes are kept/,
    );
    deepEqual(await tree(), ["mine.safetensors.part"]);
  },
);

fetchTest(
  "fetchModel() leaves a download alone that another process is writing",
  async ({ place, tree, folder }) => {
    const part = `${folder}/models/user/mine.safetensors.part`;
    await Deno.writeFile(part, content.slice(0, 1000));
    const other = await Deno.open(part, { write: true });
    await other.lock(true);
    await rejects(
      fetchModel("sam2.1-mine", {}, place()),
      /another process is writing .*mine\.safetensors\.part; 1000 bytes are kept/,
    );
    other.close();
    equal((await Deno.stat(part)).size, 1000);
    deepEqual(await tree(), ["mine.safetensors.part"]);
  },
);

fetchTest(
  "fetchModel() stops when it is cancelled and keeps what it has",
  async ({ serve, place, tree }) => {
    const cancel = new AbortController();
    serve(() =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(content.slice(0, 1000)),
        }),
        { headers: { "content-length": String(content.length) } },
      )
    );
    const { signal } = cancel;
    const onProgress = () => cancel.abort();
    const error = await fetchModel(
      "sam2.1-mine",
      { signal, onProgress },
      place(),
    )
      .catch((error) => error);
    equal(error.name, "CancelledError");
    match(error.message, /^Cancelled: download of http.*; 1000 bytes are kept/);
    deepEqual(await tree(), ["mine.safetensors.part"]);
    serve((from) => rest(content, from));
    await fetchModel("sam2.1-mine", {}, place());
    deepEqual(await tree(), installed);
  },
);

fetchTest("fetchModel() names what can be fetched", async ({ place }) => {
  await rejects(
    fetchModel("sam9", {}, place()),
    /There is no model sam9 to fetch, expected one of sam2\.1-mine/,
  );
  const ships = place({ source: "ships with MedAnnotate" });
  await rejects(
    fetchModel("sam2.1-mine", {}, ships),
    /sam2\.1-mine cannot be fetched: it ships with MedAnnotate/,
  );
});
