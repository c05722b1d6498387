// deno task notebooks: checks the code of every notebook and runs it headlessly.
//
// The Deno kernel checks no types, and deno fmt --check refuses notebooks that
// deno fmt has just written (2.9.6: it misses a line break at the end of each
// cell), so the code cells are joined and checked as one module. Running needs Jupyter's nbconvert, which is not part of the
// project; the kernel is this very Deno, whatever Jupyter has installed.

import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { messageOf } from "../base/errors.ts";
import { type Call, type Command, runCommand } from "./command.ts";
import { joinCells, readNotebook, tidyNotebook } from "./notebook_file.ts";

const notebooksFolder = fileURLToPath(
  new URL("../../notebooks/", import.meta.url),
);
const configFile = fileURLToPath(new URL("../../deno.json", import.meta.url));
const secondsPerCell = 600;

/** What became of one notebook. */
type Outcome = {
  readonly notebook: string;
  readonly seconds: number | undefined;
  readonly bytes: number;
  readonly error: string | undefined;
};

export const notebooks: Command = {
  name: "notebooks",
  usage: "[NOTEBOOK…] [--check-only] [--write]",
  summary:
    "Checks types and format of the notebooks and runs them headlessly; all of notebooks/ when none is named.",
  options: {
    "check-only": { type: "boolean", help: "check, run nothing" },
    write: { type: "boolean", help: "keep the new outputs in the notebook" },
  },
  positionals: { least: 0, most: 99 },
  async run(call) {
    const paths = call.positionals.length > 0
      ? call.positionals.map((path) => resolve(path))
      : await listNotebooks();
    const folder = await Deno.makeTempDir({ prefix: "notebooks-" });
    try {
      const jupyter = call.flag("check-only") ? undefined : await getJupyter();
      const outcomes: Outcome[] = [];
      for (const path of paths) {
        const outcome = await tryNotebook(path, { folder, jupyter, call });
        outcomes.push(outcome);
        const { error, seconds, bytes } = outcome;
        const ran = seconds === undefined
          ? ""
          : `, ran ${seconds.toFixed(1)} s`;
        const size = `${(bytes / 1000).toFixed(0)} kB`;
        call.say(`${error ? "FAILED" : "ok"} ${basename(path)}${ran}, ${size}`);
        if (error) call.warn(error);
      }
      return { ok: outcomes.every(({ error }) => !error), outcomes };
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
};

/** The notebooks that belong to the project, in learning order. */
async function listNotebooks(): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(notebooksFolder)) {
    if (name.endsWith(".ipynb")) names.push(name);
  }
  return names.sort().map((name) => join(notebooksFolder, name));
}

async function tryNotebook(
  path: string,
  { folder, jupyter, call }: {
    readonly folder: string;
    readonly jupyter: string | undefined;
    readonly call: Call;
  },
): Promise<Outcome> {
  const bytes = async () => (await Deno.stat(path)).size;
  try {
    if (call.flag("write")) await writeTidy(path, path);
    await checkCode(path, folder);
    if (jupyter === undefined) {
      const nothing = { seconds: undefined, error: undefined };
      return { notebook: path, bytes: await bytes(), ...nothing };
    }
    const startMs = performance.now();
    const executed = await execute(path, { folder, jupyter });
    const seconds = (performance.now() - startMs) / 1000;
    if (call.flag("write")) await writeTidy(executed, path);
    return {
      notebook: path,
      seconds,
      bytes: (await Deno.stat(call.flag("write") ? path : executed)).size,
      error: undefined,
    };
  } catch (error) {
    const seconds = undefined;
    return {
      notebook: path,
      seconds,
      bytes: await bytes().catch(() => 0),
      error: messageOf(error),
    };
  }
}

/** Checks types and format of the joined code cells of a notebook. */
async function checkCode(path: string, folder: string) {
  const script = join(folder, `${basename(path, ".ipynb")}.ts`);
  await Deno.writeTextFile(script, joinCells(await readNotebook(path)));
  const types = ["check", "--quiet", "--config", configFile, script];
  await runProgram(Deno.execPath(), types, `types of ${basename(path)}`);
  const format = ["fmt", "--check", "--no-config", script];
  await runProgram(Deno.execPath(), format, `format of ${basename(path)}`);
}

/** Runs a notebook in its own folder; returns the copy with the new outputs. */
async function execute(
  path: string,
  { folder, jupyter }: { folder: string; jupyter: string },
): Promise<string> {
  const kernel = join(folder, "jupyter", "kernels", "deno");
  await Deno.mkdir(kernel, { recursive: true });
  const spec = {
    argv: [
      Deno.execPath(),
      "jupyter",
      "--kernel",
      "--conn",
      "{connection_file}",
    ],
    display_name: "Deno",
    language: "typescript",
  };
  await Deno.writeTextFile(join(kernel, "kernel.json"), JSON.stringify(spec));
  await runProgram(
    jupyter,
    [
      "nbconvert",
      "--to=notebook",
      "--execute",
      `--output-dir=${folder}`,
      "--ExecutePreprocessor.kernel_name=deno",
      `--ExecutePreprocessor.timeout=${secondsPerCell}`,
      path,
    ],
    `run of ${basename(path)}`,
    { JUPYTER_PATH: join(folder, "jupyter") },
  );
  return join(folder, basename(path));
}

/** Writes a notebook as it is kept in git. */
async function writeTidy(from: string, path: string) {
  const notebook = tidyNotebook(await readNotebook(from));
  await Deno.writeTextFile(path, JSON.stringify(notebook, null, 1) + "\n");
  const args = ["fmt", "--quiet", "--no-config", path];
  await runProgram(Deno.execPath(), args, `formatting of ${basename(path)}`);
}

/** The program `jupyter`, when its nbconvert answers; throws otherwise. */
async function getJupyter(): Promise<string> {
  const jupyter = Deno.env.get("JUPYTER") ?? "jupyter";
  try {
    await runProgram(jupyter, ["nbconvert", "--version"], "Jupyter");
    return jupyter;
  } catch (cause) {
    throw new Error(
      "Cannot run notebooks: Jupyter's nbconvert is missing. Expected `jupyter` on PATH, " +
        "or its path in JUPYTER; for example python3 -m venv jupyter && " +
        "jupyter/bin/pip install nbconvert && JUPYTER=jupyter/bin/jupyter deno task notebooks. " +
        "--check-only needs none of it",
      { cause },
    );
  }
}

async function runProgram(
  program: string,
  args: readonly string[],
  what: string,
  env: Readonly<Record<string, string>> = {},
) {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  if (success) return;
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  throw new Error(`${what} failed:\n${text.join("\n").trim()}`);
}

if (import.meta.main) await runCommand(notebooks);
