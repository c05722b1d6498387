import { deepEqual, equal, match, ok } from "node:assert/strict";
import { seededRandom } from "../../lib/base/random.ts";
import { createHandler } from "../../lib/api/handler.ts";
import { openDesks } from "../../lib/api/desks.ts";
import { serveAnnotator } from "../../lib/api/server.ts";
import { mostBodyBytes } from "../../lib/api/guard.ts";
import { host, openDeskTests, pageRequest, token } from "./small_desk.ts";

const { deskTest } = await openDeskTests();
const actions = "api/sequences/1/actions";

deskTest(
  "createHandler() serves the page with a strict policy and no store",
  async ({ handler }) => {
    for (const file of ["", "page.js", "page.css"]) {
      const answer = await handler(pageRequest(file));
      equal(answer.status, 200, file);
      const policy = answer.headers.get("content-security-policy") ?? "";
      match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
      match(policy, /frame-ancestors 'none'$/);
      equal(answer.headers.get("referrer-policy"), "no-referrer");
      equal(answer.headers.get("cache-control"), "no-store");
      const text = await answer.text(); // nothing is loaded from elsewhere
      ok(!/(src|href)=["']https?:|url\(["']?https?:|import\(/.test(text), file);
    }
  },
);

deskTest(
  "createHandler() lets in a page of its own only",
  async ({ handler, log, everything }) => {
    const before = await everything();
    const body = { kind: "createObject", tagId: null };
    const wrong: readonly [string, Request, number][] = [
      [
        "a foreign host",
        pageRequest("", { headers: { host: "evil.example" } }),
        403,
      ],
      [
        "a name that points here",
        pageRequest("", { headers: { host: "evil.example:8000" } }),
        403,
      ],
      [
        "another port",
        pageRequest("", { headers: { host: "127.0.0.1:9" } }),
        403,
      ],
      [
        "a foreign page",
        pageRequest(actions, {
          body,
          headers: { origin: "https://evil.example" },
        }),
        403,
      ],
      [
        "a page without an origin",
        pageRequest(actions, { body, headers: { origin: "null" } }),
        403,
      ],
      [
        "a page on another port",
        pageRequest(actions, {
          body,
          headers: { origin: "http://127.0.0.1:9" },
        }),
        403,
      ],
      [
        "a cross-site request",
        pageRequest(actions, {
          body,
          headers: { "sec-fetch-site": "cross-site" },
        }),
        403,
      ],
      [
        "a form",
        pageRequest(actions, {
          body: "a=1",
          headers: { "content-type": "application/x-www-form-urlencoded" },
        }),
        415,
      ],
      [
        "plain text",
        pageRequest(actions, {
          body: "{}",
          headers: { "content-type": "text/plain" },
        }),
        415,
      ],
      [
        "no token",
        new Request(`http://${host}/${actions}`, { headers: { host } }),
        403,
      ],
      [
        "a wrong token",
        new Request(`http://${host}/test-tokem/`, { headers: { host } }),
        403,
      ],
      [
        "a longer token",
        new Request(`http://${host}/${token}x/`, { headers: { host } }),
        403,
      ],
      ["PUT", pageRequest(actions, { method: "PUT", body }), 405],
    ];
    for (const [name, request, status] of wrong) {
      const answer = await handler(request);
      equal(answer.status, status, name);
      await answer.body?.cancel();
    }
    equal(log.length, wrong.length);
    ok(log.every((line) => !/[\n\r]/.test(line) && !line.includes(token)));
    equal(await everything(), before);
  },
);

deskTest(
  "createHandler() refuses a body of 1 GB by its head, and an endless one by its length",
  async ({ handler, log }) => {
    const gigabyte = await handler(pageRequest(actions, {
      body: "{}",
      headers: { "content-length": String(2 ** 30) },
    }));
    equal(gigabyte.status, 413);
    let sent = 0;
    const endless = new ReadableStream({
      pull(stream) {
        sent += 2 ** 16;
        stream.enqueue(new Uint8Array(2 ** 16).fill(32));
      },
    });
    const request = new Request(`http://${host}/${token}/${actions}`, {
      method: "POST",
      headers: { host, "content-type": "application/json" },
      body: endless,
    });
    equal((await handler(request)).status, 413);
    ok(sent < mostBodyBytes + 2 ** 20, `${sent} bytes were read`);
    equal(log.length, 2);
  },
);

deskTest(
  "createHandler() never reaches a file by a path",
  async ({ handler, everything }) => {
    const before = await everything();
    const paths = [
      "../deno.json",
      "..%2f..%2fdeno.json",
      "%2e%2e/%2e%2e/etc/passwd",
      "page.js/../../deno.json",
      "..\\..\\deno.json",
      "%2fetc%2fpasswd",
      "page.js%00.css",
      "built/page.js",
      "page/main.tsx",
      "api/../../deno.json",
      "api/sequences/../1",
      "api/sequences/1/frames/..%2f1",
      "medannotate.db",
      "api/sequences/1/frames/0/picture/../../../../deno.json",
      "api/sequences/1e0",
      "api/sequences/0x1",
      "api/sequences/-1",
      "api/sequences/1.5",
      "api/sequences/99999999999999",
      "api/sequences/1/frames/1/x",
      "%ff%fe",
      "file:///etc/passwd",
      "//etc/passwd",
      "api//home",
      "API/home",
    ];
    for (const path of paths) {
      const request = rawRequest(`/${token}/${path}`);
      const answer = await handler(request);
      const text = await answer.text();
      ok([400, 403, 404].includes(answer.status), `${path}: ${answer.status}`);
      ok(!text.includes("root:") && !text.includes("nodeModulesDir"), path);
    }
    equal(await everything(), before);
  },
);

/** A request whose path is not tidied up on the way. */
function rawRequest(path: string): Request {
  const request = new Request(`http://${host}/`, { headers: { host } });
  Object.defineProperty(request, "url", { value: `http://${host}${path}` });
  return request;
}

deskTest(
  "createHandler() refuses a thousand malformed messages and changes nothing",
  async (desk) => {
    const { handler, log, everything, newObject } = desk;
    const objectId = await newObject();
    const before = await everything();
    const count = Number(Deno.env.get("MESSAGES") ?? 1000);
    const random = seededRandom(11);
    const tally = new Map<number, number>();
    for (let i = 0; i < count; i++) {
      const { path, body } = malformed(random, objectId);
      const answer = await handler(pageRequest(path, { method: "POST", body }));
      const text = await answer.text();
      tally.set(answer.status, (tally.get(answer.status) ?? 0) + 1);
      ok(
        answer.status >= 400 && answer.status < 500,
        `${path} ${body.slice(0, 200)}: ${answer.status} ${text}`,
      );
      ok(JSON.parse(text).error.length > 0);
    }
    equal(log.length, count);
    ok(
      log.every((line) =>
        /^refused 4\d\d POST \S+: ./.test(line) && line.length <= 300
      ),
      log.find((line) => !/^refused 4\d\d POST \S+: ./.test(line)) ?? "",
    );
    equal(await everything(), before);
    console.log(
      `${count} malformed messages: ${
        [...tally].map(([status, n]) => `${n} × ${status}`).join(", ")
      }`,
    );
  },
);

/** Sound messages with one thing wrong, and plain noise. */
function malformed(
  random: () => number,
  objectId: number,
): { readonly path: string; readonly body: string } {
  const pick = <Value>(values: readonly Value[]) =>
    values[Math.floor(random() * values.length)];
  const sound = pick<Record<string, unknown>>([
    { kind: "point", objectId, frame: 0, x: 10, y: 10, sign: "+", seen: null },
    { kind: "box", objectId, frame: 0, x0: 1, y0: 1, x1: 9, y1: 9, seen: null },
    { kind: "draw", objectId, frame: 0, counts: "PPYo1", seen: null },
    { kind: "verify", objectId, from: 0, to: 3, verified: true },
    { kind: "deleteMasks", objectId, from: 0, to: 3 },
    { kind: "createSpan", tagId: 1, from: 0, to: 1 },
    { kind: "changeObject", objectId, colour: "#123456" },
  ]);
  const bad = [
    null,
    -1,
    1.5,
    "",
    "x",
    [],
    {},
    true,
    1e300,
    "__proto__",
    "1; drop table mask",
    "\u0000\n\u2028",
  ];
  const fields = Object.keys(sound);
  const field = pick(fields);
  const worse: readonly (() => unknown)[] = [
    () => ({
      ...sound,
      [field]: pick(bad.filter((value) => !isSound(field, value))),
    }),
    () =>
      Object.fromEntries(
        Object.entries(sound).filter(([key]) =>
          key !==
            (field === "colour" ||
                (sound.kind === "deleteMasks" && field === "objectId")
              ? "kind"
              : field)
        ),
      ),
    () => ({ ...sound, more: pick(bad) }),
    () => [sound],
    () => pick(bad),
    () => ({ ...sound, objectId: 12345, frame: 99, tagId: 99, from: 99 }),
  ];
  const noise = () =>
    Array.from(
      { length: 1 + Math.floor(random() * 60) },
      () => String.fromCharCode(Math.floor(random() * 300)),
    ).join("");
  const isNoise = random() < 0.15;
  const path = pick([
    actions,
    actions,
    actions,
    "api/preferences",
    "api/tags",
    "api/sequences/1/propagation",
    "api/sequences/1/preview",
    "api/sequences/1/export",
    "api/sequences/77/actions",
  ]);
  // an empty object is a sound message to preferences
  const body = isNoise ? `{${noise()}` : JSON.stringify(pick(worse)());
  return { path, body: body === undefined || body === "{}" ? "[1" : body };
}

/** What would be right in a field after all. */
function isSound(field: string, value: unknown): boolean {
  if (field === "seen") return value === null || typeof value === "string";
  if (field === "verified") return typeof value === "boolean";
  return false;
}

deskTest(
  "createHandler() learns the name of an unnamed proxy from the first who knows the token",
  async () => {
    const hosts = new Set([host]);
    const learnsHost = { name: undefined };
    const handler = createHandler({
      desks: undefined as never,
      token,
      hosts,
      learnsHost,
    });
    const through = (name: string, path: string) => {
      const request = new Request(`http://${name}${path}`, {
        headers: { host: name, "x-forwarded-prefix": "/user/me/proxy/8000" },
      });
      return handler(request).then((answer) => answer.status);
    };
    equal(await through("evil.example", "/wrong/"), 403);
    equal(await through("hub.example.org", `/${token}/page.css`), 200);
    equal(await through("evil.example", `/${token}/page.css`), 403);
    deepEqual([...hosts], [host, "hub.example.org"]);
  },
);

deskTest(
  "serveAnnotator() takes a message without a body or a type, over the wire",
  async ({ store, annotator }) => {
    const desks = openDesks(store, annotator.model);
    await desks.adopt(annotator);
    const server = serveAnnotator(desks);
    const id = annotator.writer.sequence.id;
    const path = `${server.localUrl}api/sequences/${id}`;
    const stopped = await fetch(`${path}/propagation`, { method: "DELETE" });
    equal((await stopped.json()).status, "idle");
    const ready = await fetch(`${path}/frames/0/ready`, { method: "POST" });
    equal((await ready.json()).frame, 0);
    const form = await fetch(`${path}/actions`, {
      method: "POST",
      body: new URLSearchParams({ kind: "undo" }),
    });
    equal(form.status, 415);
    await form.body?.cancel();
    await server.close();
    await desks.close();
  },
);
