import { equal } from "node:assert/strict";
import { page } from "../../lib/cli/page.ts";
import { executeCommand } from "../../lib/cli/command.ts";

Deno.test("lib/api/built/page.js is built from the page's sources as they are", async () => {
  const code = await executeCommand(
    page,
    ["--check"],
    new AbortController().signal,
  );
  equal(code, 0, "the page's sources have changed: run deno task page");
});
