// The order of the folders in lib/ (DESIGN.md, section 2) and the rules that
// every file of it keeps.

import { deepEqual, ok } from "node:assert/strict";
import { listLibFiles } from "./lib_files.ts";

const levels: Readonly<Record<string, number>> = {
  base: 0,
  media: 1,
  formats: 1,
  scenes: 1,
  masks: 1,
  weights: 1,
  onnx: 1,
  runtime: 1,
  sam2: 2,
  yolo: 2,
  clicks: 2,
  stcn: 2,
  store: 2,
  propagate: 3,
  work: 4,
  api: 5,
  notebook: 6,
  cli: 6,
};

const files = await listLibFiles();

/** `lib/sam2/graph/fold.ts` is in `sam2`. */
function folderOf(path: string): string {
  return path.split("/")[1];
}

Deno.test("listLibFiles() sees static, type and dynamic imports, re-exports and workers", () => {
  const importsOf = (path: string) =>
    files.find((file) => file.path === path)?.imports
      .map(({ specifier }) => specifier) ?? [];
  const ofRuntime = importsOf("lib/runtime/runtime.ts");
  ok(ofRuntime.includes("../base/tensor.ts")); // import type
  ok(ofRuntime.includes("./protocol.ts")); // export type … from
  ok(ofRuntime.includes("./worker.ts")); // new Worker(new URL(…))
  ok(importsOf("lib/media/ffmpeg.ts").includes("node-av/lib")); // import()
  ok(importsOf("lib/sam2/video.ts").includes("./track.ts"));
});

Deno.test("lib/ holds no folder that DESIGN.md does not name", () => {
  ok(files.length > 100, `only ${files.length} files were found`);
  const unknown = files.filter(({ path }) => !(folderOf(path) in levels));
  deepEqual(unknown.map(({ path }) => path), []);
});

Deno.test("lib/ imports only from its own folder and from the levels before it", () => {
  const wrong = files.flatMap(({ path, imports }) =>
    imports.filter(({ target }) => target.startsWith("lib/"))
      .filter(({ target }) => {
        const [from, to] = [folderOf(path), folderOf(target)];
        return from !== to && !(levels[to] < levels[from]);
      }).map(({ target }) => `${path} imports ${target}`)
  );
  deepEqual(wrong, []);
});

Deno.test("lib/ imports nothing of the project but lib, by a path", () => {
  const wrong = files.flatMap(({ path, imports }) =>
    imports.filter(({ specifier, target }) =>
      specifier === "medannotate" ||
      (!/^(npm:|node:)/.test(target) && !target.startsWith("lib/"))
    ).map(({ specifier }) => `${path} imports ${specifier}`)
  );
  deepEqual(wrong, []);
});

Deno.test("lib/ has no two files that import each other, however far around", () => {
  const importsOf = new Map(
    files.map(({ path, imports }) => [
      path,
      imports.map(({ target }) => target),
    ]),
  );
  const finished = new Set<string>();
  const findCycle = (path: string, way: readonly string[]): string[] => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
    if (finished.has(path)) return [];
    for (const next of importsOf.get(path) ?? []) {
      const cycle = findCycle(next, [...way, path]);
      if (cycle.length > 0) return cycle;
    }
    finished.add(path);
    return [];
  };
  for (const { path } of files) deepEqual(findCycle(path, []), []);
});

Deno.test("lib/ opens every file with a paragraph that says what it is for", () => {
  const without = files.filter(({ text }) => !/^\/\/ \S.{15,}/.test(text));
  deepEqual(without.map(({ path }) => path), []);
});

Deno.test("lib/ has no any and silences no check of types", () => {
  const wrong = files.flatMap(({ path, text, code }) => [
    .../\bany\b/.test(code) ? [`${path}: any`] : [],
    ...[...text.matchAll(/@ts-(ignore|nocheck|expect-error)/g)]
      .map(([directive]) => `${path}: ${directive}`),
  ]);
  deepEqual(wrong, []);
});

Deno.test("lib/ names its files and folders in snake_case", () => {
  // 0001_start.ts: migrations begin with their number
  const wrong = files.map(({ path }) => path)
    .filter((path) => !/^lib(\/[a-z0-9_]+)+\.tsx?$/.test(path));
  deepEqual(wrong, []);
});

Deno.test("deno task test names every folder of lib/ that has examples", async () => {
  // `deno test --doc lib` finds none: a package of its own lies below it, the page
  const { tasks } = JSON.parse(
    await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
  );
  const named = tasks.test.split(" ");
  const withExamples = files.filter(({ text }) => /^ \* @example/m.test(text))
    .map(({ path }) => `lib/${folderOf(path)}`);
  const missing = [...new Set(withExamples)]
    .filter((folder) => !named.includes(folder));
  deepEqual(missing, []);
  ok(withExamples.length > 30, `only ${withExamples.length} examples`);
});
