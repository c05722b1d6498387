// The files of lib/ with what they import, as `deno info` reports it: static,
// dynamic and type imports, re-exports, and workers that are started by URL.

import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const root = fileURLToPath(new URL("../../", import.meta.url));
const configFile = fileURLToPath(new URL("../../deno.json", import.meta.url));

/** A file of lib/, its path as `lib/base/image.ts`. */
export type LibFile = {
  readonly path: string;
  readonly text: string;
  /** The text without comments and without what stands in quotes. */
  readonly code: string;
  readonly imports: readonly LibImport[];
};

/** What a file imports. */
export type LibImport = {
  /** As it is written. */
  readonly specifier: string;
  /** As a path of the project when it lies in it, otherwise a URL. */
  readonly target: string;
};

/** Lists every TypeScript file of lib/ with its imports. */
export async function listLibFiles(): Promise<readonly LibFile[]> {
  const paths = (await listFiles(`${root}lib`))
    .filter((path) => /\.tsx?$/.test(path)).sort();
  const imports = await listImports(paths);
  return await Promise.all(paths.map(async (path) => {
    const text = await Deno.readTextFile(path);
    return {
      path: inProject(path),
      text,
      code: withoutTexts(text),
      imports: [...imports.get(path) ?? [], ...workersOf(path, text)],
    };
  }));
}

const Target = z.object({ specifier: z.string().optional() }).optional();
const Info = z.object({
  modules: z.array(z.object({
    local: z.string().optional(),
    dependencies: z.array(z.object({
      specifier: z.string(),
      code: Target,
      type: Target,
    })).default([]),
  })),
});

async function listImports(paths: readonly string[]) {
  const folder = await Deno.makeTempDir();
  try {
    const entry = `${folder}/all.ts`;
    const lines = paths.map((path) => `import ${JSON.stringify(urlOf(path))};`);
    await Deno.writeTextFile(entry, lines.join("\n"));
    const { success, stdout, stderr } = await new Deno.Command(
      Deno.execPath(),
      { args: ["info", "--json", "--config", configFile, entry] },
    ).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    const { modules } = Info.parse(
      JSON.parse(new TextDecoder().decode(stdout)),
    );
    return new Map(modules.map(({ local = "", dependencies }) => [
      local,
      dependencies.map(({ specifier, code, type }): LibImport => ({
        specifier,
        target: inProject(code?.specifier ?? type?.specifier ?? specifier),
      })),
    ]));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** `new URL("./worker.ts", import.meta.url)` is an import by another name. */
function workersOf(path: string, text: string): LibImport[] {
  const pattern = /new URL\(\s*"([^"]+\.tsx?)",\s*import\.meta\.url/g;
  return [...text.matchAll(pattern)].map(([, specifier]) => ({
    specifier,
    target: inProject(new URL(specifier, urlOf(path)).href),
  }));
}

async function listFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) files.push(...await listFiles(path));
    else files.push(path);
  }
  return files;
}

function urlOf(path: string): string {
  return new URL(`file://${path}`).href;
}

function inProject(place: string): string {
  if (place.startsWith("file:")) return inProject(fileURLToPath(place));
  return place.startsWith(root) ? relative(root, place) : place;
}

const texts =
  /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\/\/.*|\/\*[\s\S]*?\*\//g;

function withoutTexts(text: string): string {
  return text.replaceAll(texts, (match) => match.startsWith("/") ? "" : '""');
}
