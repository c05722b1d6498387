// deno task page: bundles the annotator page into the one script that ships.
//
// The script is kept in git, so that the page works offline and whoever uses it
// needs no bundler. Its first line holds a checksum of all sources, by which a
// test notices that somebody forgot to build.

import { createHash } from "node:crypto";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { type Command, runCommand } from "./command.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const entry = fileURLToPath(new URL("../api/page/main.tsx", import.meta.url));
const built = fileURLToPath(new URL("../api/built/page.js", import.meta.url));

export const page: Command = {
  name: "page",
  usage: "[--check]",
  summary: "Bundles the annotator page, or tells whether that is due.",
  options: {
    check: {
      type: "boolean",
      help: "only compare the checksum of its sources",
    },
  },
  positionals: { least: 0, most: 0 },
  async run(call) {
    const sources = await sourcesSha256();
    const head =
      `// Built by deno task page from sources with sha256 ${sources}\n`;
    if (call.flag("check")) {
      const isBuilt = (await Deno.readTextFile(built)).startsWith(head);
      call.say(isBuilt ? "the page is built" : "run deno task page");
      return { ok: isBuilt, sources };
    }
    const script = await runDeno([
      "bundle",
      "--quiet",
      "--platform=browser",
      "--minify",
      entry,
    ]);
    await Deno.writeTextFile(built, head + script);
    call.say(`${relative(root, built)}: ${script.length} bytes`);
    return { sources, bytes: script.length };
  },
};

const Info = z.object({
  modules: z.array(z.object({ specifier: z.string() })),
});

/** A checksum of every source that the page is made of, and of its packages' versions. */
async function sourcesSha256(): Promise<string> {
  const { modules } = Info.parse(
    JSON.parse(await runDeno(["info", "--json", entry])),
  );
  const names = modules.map(({ specifier }) => specifier).sort();
  const hash = createHash("sha256");
  for (const name of names) {
    if (name.startsWith("file:")) {
      const path = fileURLToPath(name);
      hash.update(`${relative(root, path)}\n`);
      hash.update(await Deno.readFile(path));
    } else hash.update(`${name}\n`);
  }
  return hash.digest("hex");
}

async function runDeno(args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  const [text, trouble] = [stdout, stderr]
    .map((bytes) => new TextDecoder().decode(bytes));
  if (success) return text;
  throw new Error(`deno ${args.join(" ")} failed: ${trouble.trim()}`);
}

if (import.meta.main) await runCommand(page);
