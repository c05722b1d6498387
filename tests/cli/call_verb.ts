// Calling verbs of the command line: in this process, or as a person does.

import { fileURLToPath } from "node:url";
import { type Command, executeCommand } from "../../lib/cli/command.ts";

/** What a call left on the terminal. */
export type Called = {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
};

/** The verbs of deno.json that are files of lib/cli, by their task. */
export async function listVerbs(): Promise<ReadonlyMap<string, Command>> {
  const { tasks } = JSON.parse(await Deno.readTextFile("deno.json"));
  const verbs = new Map<string, Command>();
  for (const [task, line] of Object.entries<string>(tasks)) {
    const [, file] = line.match(/lib\/cli\/(\w+)\.ts/) ?? [];
    if (file) verbs.set(task, await importVerb(file));
  }
  return verbs;
}

async function importVerb(file: string): Promise<Command> {
  const exported: Record<string, unknown> = await import(
    `../../lib/cli/${file}.ts`
  );
  const verb = Object.values(exported).find(isCommand);
  if (!verb) throw new Error(`lib/cli/${file}.ts exports no Command`);
  return verb;
}

function isCommand(value: unknown): value is Command {
  return typeof value === "object" && value !== null && "run" in value &&
    "usage" in value;
}

/** Calls a verb in this process and keeps what it would have printed. */
export async function callVerb(
  command: Command,
  args: readonly string[],
  { signal = new AbortController().signal }: { signal?: AbortSignal } = {},
): Promise<Called> {
  const { log, error } = console;
  const out: string[] = [];
  const errors: string[] = [];
  console.log = (line: string) => void out.push(line);
  console.error = (line: string) => void errors.push(line);
  try {
    const code = await executeCommand(command, args, signal);
    return { code, stdout: out.join("\n"), stderr: errors.join("\n") };
  } finally {
    Object.assign(console, { log, error });
  }
}

/** Runs a verb in a process of its own. */
export async function runVerb(
  file: string,
  args: readonly string[],
): Promise<Called> {
  const path = fileURLToPath(
    new URL(`../../lib/cli/${file}.ts`, import.meta.url),
  );
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", path, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}
