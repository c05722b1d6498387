import { deepEqual, equal, match, ok } from "node:assert/strict";
import { CancelledError } from "medannotate";
import { type Call, type Command, UsageError } from "../../lib/cli/command.ts";
import { callVerb, listVerbs } from "./call_verb.ts";

const verbs = await listVerbs();

Deno.test("deno.json has a task for every verb, named like it", () => {
  for (const [task, { name }] of verbs) equal(name, task);
  ok(verbs.size >= 10, `only ${verbs.size} verbs were found`);
});

for (const [task, verb] of verbs) {
  Deno.test(`deno task ${task} --help explains every option and does nothing`, async () => {
    const { code, stdout, stderr } = await callVerb(verb, ["--help"]);
    equal(code, 0);
    equal(stderr, "");
    const [first] = stdout.split("\n");
    equal(first, `deno task ${task} ${verb.usage}`);
    ok(stdout.includes(verb.summary));
    for (const option of [...Object.keys(verb.options), "help", "json"]) {
      match(stdout, new RegExp(`^ {2}--${option}\\b.* \\w+`, "m"));
    }
  });

  Deno.test(`deno task ${task} refuses options and arguments that it does not have`, async () => {
    const { most } = verb.positionals;
    const tooMany = most === Infinity
      ? []
      : [Array.from({ length: most + 1 }, () => "x")];
    for (const args of [["--nonsense"], ["--help=5"], ...tooMany]) {
      const { code, stdout, stderr } = await callVerb(verb, args);
      equal(code, 2, stderr);
      equal(stdout, "");
      const [first, second] = stderr.split("\n");
      match(first, /^error: \S/);
      equal(second, `usage: deno task ${task} ${verb.usage}`);
    }
  });
}

/** A verb that does what a test wants. */
function verbOf(run: (call: Call) => unknown): Command {
  return {
    name: "try",
    usage: "[A] [--count N]",
    summary: "Tries.",
    options: { count: { type: "string", help: "how many" } },
    positionals: { least: 0, most: 1 },
    run: async (call) => ({ result: await run(call) }),
  };
}

Deno.test("executeCommand() prints lines for people, or one JSON object instead", async () => {
  const verb = verbOf(({ say, warn }) => {
    say("two lines");
    warn("careful");
    say("of text");
    return [1, "a\nb"];
  });
  deepEqual(await callVerb(verb, []), {
    code: 0,
    stdout: "two lines\nof text",
    stderr: "careful",
  });
  deepEqual(await callVerb(verb, ["--json"]), {
    code: 0,
    stdout: '{"result":[1,"a\\nb"]}',
    stderr: "careful",
  });
});

Deno.test("executeCommand() turns errors into exit codes and one line on standard error", async () => {
  const failing = (error: Error) => verbOf(() => Promise.reject(error));
  deepEqual(await callVerb(failing(new RangeError("too far")), ["--json"]), {
    code: 1,
    stdout: "",
    stderr: "error: too far",
  });
  deepEqual(await callVerb(failing(new UsageError("what?")), []), {
    code: 2,
    stdout: "",
    stderr: "error: what?\nusage: deno task try [A] [--count N]",
  });
  deepEqual(await callVerb(failing(new CancelledError("Cancelled: it")), []), {
    code: 130,
    stdout: "",
    stderr: "Cancelled: it",
  });
});

Deno.test("executeCommand() exits 1 for a result that says it is not ok", async () => {
  const verb = {
    ...verbOf(() => 0),
    run: () => Promise.resolve({ ok: false }),
  };
  deepEqual(await callVerb(verb, ["--json"]), {
    code: 1,
    stdout: '{"ok":false}',
    stderr: "",
  });
});

Deno.test("Call.count() takes whole numbers and nothing that only looks like one", async () => {
  const verb = verbOf(({ count }) => count("count", { least: 2 }) ?? null);
  const given = async (...args: string[]) =>
    (await callVerb(verb, ["--json", ...args])).stdout;
  equal(await given("--count", "12"), '{"result":12}');
  equal(await given(), '{"result":null}');
  for (const text of ["1", "", " ", "2.5", "1e3", "0x10", "-4", "many"]) {
    const { code, stderr } = await callVerb(verb, [`--count=${text}`]);
    equal(code, 2, text);
    match(stderr, /--count is .*, expected a whole number of at least 2/);
  }
});
