// The names that mod.ts exports, so that the surface cannot grow by accident.
//
// `UPDATE_NAMES=1 deno test -A tests/house/public_names_test.ts` rewrites the list.

import { deepEqual, equal } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import * as everything from "medannotate";
import { z } from "zod";

const mod = fileURLToPath(new URL("../../mod.ts", import.meta.url));
const list = new URL("public_names.txt", import.meta.url);

const hint = "mod.ts exports other names than tests/house/public_names.txt. " +
  "If that is meant: UPDATE_NAMES=1 deno test -A tests/house/public_names_test.ts";

const Doc = z.object({
  nodes: z.record(
    z.string(),
    z.object({
      symbols: z.array(z.object({
        name: z.string(),
        declarations: z.array(z.object({ kind: z.string() })),
      })),
    }),
  ),
});

/** Every exported name with what it is: `function areaPx`, `typeAlias Bitmap`. */
async function listNames(): Promise<readonly string[]> {
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", mod],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const { nodes } = Doc.parse(JSON.parse(new TextDecoder().decode(stdout)));
  const names = Object.values(nodes).flatMap(({ symbols }) =>
    symbols.flatMap(({ name, declarations }) =>
      declarations.map(({ kind }) => `${name} ${kind}`)
    )
  );
  return [...new Set(names)].filter((name) => !name.endsWith(" moduleDoc"))
    .sort();
}

Deno.test("mod.ts exports the names in public_names.txt and no other", async () => {
  const names = await listNames();
  if (Deno.env.get("UPDATE_NAMES")) {
    await Deno.writeTextFile(list, names.join("\n") + "\n");
  }
  const known = (await Deno.readTextFile(list)).trim().split("\n");
  deepEqual(names, known, hint);
});

Deno.test("mod.ts exports every value of public_names.txt at run time", async () => {
  const known = (await Deno.readTextFile(list)).trim().split("\n");
  const values = known.map((line) => line.split(" "))
    .filter(([, kind]) => kind !== "typeAlias" && kind !== "interface")
    .map(([name]) => name);
  deepEqual(Object.keys(everything).sort(), [...new Set(values)].sort(), hint);
  equal("default" in everything, false);
});
