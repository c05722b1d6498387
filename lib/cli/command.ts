// What every verb shares: options, help, JSON, progress, errors and exit codes.
//
// Exit code 0 is done, 1 failed, 2 wrong usage, 130 cancelled by Ctrl-C. With
// --json the last line of standard output is one object and nothing else is
// printed there; progress always goes to standard error.

import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { CancelledError, messageOf } from "../base/errors.ts";
import { type OnProgress, progressLine } from "../base/progress.ts";

/** A verb of the command line. */
export type Command = {
  readonly name: string;
  /** What follows the name, as `--help` shows it. */
  readonly usage: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, CommandOption>>;
  /** How many arguments may stand without a name. */
  readonly positionals: { readonly least: number; readonly most: number };
  run(call: Call): Promise<Readonly<Record<string, unknown>>>;
};

/** An option of a verb. */
export type CommandOption = {
  readonly type: "string" | "boolean";
  readonly multiple?: boolean;
  readonly default?: string;
  readonly help: string;
};

/** A call of a verb, its words already parsed. */
export type Call = {
  /** As it was called, for records. */
  readonly command: string;
  readonly positionals: readonly string[];
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  flag(name: string): boolean;
  /** A whole number within bounds; throws UsageError otherwise. */
  count(name: string, bounds?: { least?: number }): number | undefined;
  readonly isJson: boolean;
  /** Fires on Ctrl-C. */
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
  /** Prints a line for people; silent with --json. */
  say(line: string): void;
  /** Prints a line for people to standard error. */
  warn(line: string): void;
};

/** Wrong words on the command line. */
export class UsageError extends Error {
  override name = "UsageError";
}

const common = {
  help: { type: "boolean", help: "show this help" },
  json: {
    type: "boolean",
    help: "print one JSON object as the last line, nothing else",
  },
} as const satisfies Record<string, CommandOption>;

const patienceMs = 1000; // a cancelled verb is gone within two seconds

/** Runs a verb with the words of the command line and ends the process. */
export async function runCommand(
  command: Command,
  args: readonly string[] = Deno.args,
): Promise<never> {
  // `deno task` runs in the project's folder; paths belong to where it was called
  const calledFrom = Deno.env.get("INIT_CWD");
  if (calledFrom) Deno.chdir(calledFrom);
  const cancel = new AbortController();
  const stop = () => {
    if (cancel.signal.aborted) Deno.exit(130); // a second Ctrl-C does not wait
    cancel.abort();
    console.error("\ncancelling …");
    // what is committed is safe whenever the process ends, so nobody waits for
    // an inference or a large folder of pictures that is under way
    Deno.unrefTimer(setTimeout(() => Deno.exit(130), patienceMs));
  };
  Deno.addSignalListener("SIGINT", stop);
  Deno.exit(await executeCommand(command, args, cancel.signal));
}

/** Runs a verb and tells its exit code. */
export async function executeCommand(
  command: Command,
  args: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  const progress = terminalProgress();
  try {
    const call = parseCall(command, args, { signal, progress });
    if (call.flag("help")) {
      console.log(helpOf(command));
      return 0;
    }
    checkPositionals(command, call);
    const result = await command.run(call);
    progress.end();
    if (call.isJson) console.log(JSON.stringify(result));
    return result.ok === false ? 1 : 0;
  } catch (error) {
    progress.end();
    if (error instanceof CancelledError) {
      console.error(error.message);
      return 130;
    }
    console.error(`error: ${messageOf(error)}`);
    if (error instanceof UsageError) {
      console.error(`usage: deno task ${command.name} ${command.usage}`);
      return 2;
    }
    return 1;
  }
}

function parseCall(
  command: Command,
  args: readonly string[],
  { signal, progress }: {
    readonly signal: AbortSignal;
    readonly progress: { readonly report: OnProgress };
  },
): Call {
  const options: ParseArgsOptionsConfig = {};
  for (
    const [name, option] of Object.entries({ ...common, ...command.options })
  ) {
    const { type, multiple = false } = option as CommandOption;
    options[name] = { type, multiple };
  }
  const { values, positionals } = parseWords(options, args);
  const texts = (name: string): readonly string[] => {
    const value = values[name] ?? command.options[name]?.default;
    if (value === undefined || typeof value === "boolean") return [];
    return [value].flat().filter((item) => typeof item === "string");
  };
  const text = (name: string) => texts(name).at(-1);
  return {
    command: commandText(command.name, args),
    positionals,
    text,
    texts,
    flag: (name) => values[name] === true,
    count: (name, { least = 0 } = {}) => {
      const value = text(name);
      if (value === undefined) return undefined;
      const number = /^\d+$/.test(value) ? Number(value) : NaN;
      if (!Number.isSafeInteger(number) || number < least) {
        throw new UsageError(
          `--${name} is ${value}, expected a whole number of at least ${least}`,
        );
      }
      return number;
    },
    isJson: values.json === true,
    signal,
    onProgress: progress.report,
    say: (line) => {
      if (!values.json) console.log(line);
    },
    warn: (line) => console.error(line),
  };
}

/** The words of a call in one line; those that a shell would split are quoted. */
function commandText(name: string, args: readonly string[]): string {
  const words = args.filter((word) => word !== "--json")
    .map((word) =>
      /^[\w@%+=:,./-]+$/.test(word)
        ? word
        : `'${word.replaceAll("'", "'\\''")}'`
    );
  return ["deno task", name, ...words].join(" ");
}

function parseWords(options: ParseArgsOptionsConfig, args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error });
  }
}

function checkPositionals({ positionals, usage }: Command, call: Call) {
  const count = call.positionals.length;
  if (count < positionals.least || count > positionals.most) {
    const expected = positionals.most === 0 ? "none" : usage.split(" [")[0];
    throw new UsageError(
      `${count} arguments were given, expected ${expected}`,
    );
  }
}

function helpOf({ name, usage, summary, options }: Command): string {
  const all: Readonly<Record<string, CommandOption>> = {
    ...options,
    ...common,
  };
  const rows = Object.entries(all).map(
    ([option, { type, help }]) => {
      const left = `--${option}${type === "string" ? " …" : ""}`;
      return `  ${left.padEnd(18)} ${help}`;
    },
  );
  return [`deno task ${name} ${usage}`, "", summary, "", ...rows].join("\n");
}

const secondsBetweenLines = 5;

/** Rewrites one line on a terminal; in a log prints one now and then. */
function terminalProgress(): { report: OnProgress; end: () => void } {
  const isTerminal = Deno.stderr.isTerminal();
  let lastMs = 0;
  let isOpen = false;
  const write = (text: string) =>
    Deno.stderr.writeSync(new TextEncoder().encode(text));
  return {
    report: (progress) => {
      const isLast = progress.done === progress.total;
      const waitMs = isTerminal ? 100 : secondsBetweenLines * 1000;
      if (!isLast && performance.now() - lastMs < waitMs) return;
      lastMs = performance.now();
      const line = progressLine(progress);
      write(isTerminal ? `\r\x1b[K${line}` : `${line}\n`);
      isOpen = isTerminal;
      if (isLast && isTerminal) {
        write("\n");
        isOpen = false;
      }
    },
    end: () => {
      if (isOpen) write("\n");
      isOpen = false;
    },
  };
}
