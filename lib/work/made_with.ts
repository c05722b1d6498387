// What a record was made with: the versions of the program and of what it runs on.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";

/** Versions, as a report lists them. */
export type MadeWith = {
  readonly medannotate: string;
  readonly deno: string;
  readonly onnxruntime: string;
  /** Operating system and processor. */
  readonly platform: string;
};

const Versioned = z.object({ version: z.string() });

/** Reads the versions of this program. */
export function madeWith(): MadeWith {
  const own = fileURLToPath(new URL("../../deno.json", import.meta.url));
  return {
    medannotate: readVersion(own),
    deno: Deno.version.deno,
    onnxruntime: readVersion(packageFile("onnxruntime-node")),
    platform: `${Deno.build.os} ${Deno.build.arch}`,
  };
}

function readVersion(path: string): string {
  return Versioned.parse(JSON.parse(readFileSync(path, "utf8"))).version;
}

/** The package.json of an installed package, above the file that is imported. */
function packageFile(name: string): string {
  let folder = dirname(fileURLToPath(import.meta.resolve(name)));
  while (!folder.endsWith(name)) {
    const above = dirname(folder);
    if (above === folder) {
      throw new Error(`Cannot find the package ${name} that is imported`);
    }
    folder = above;
  }
  return join(folder, "package.json");
}
