// The verb `annotate` as a child process, to be killed and started again.

import { fileURLToPath } from "node:url";
import type { HomeView } from "../../lib/api/contract.ts";
import { until } from "./until.ts";
import { findAddress } from "../api/find_address.ts";

const verb = fileURLToPath(
  new URL("../../lib/cli/annotate.ts", import.meta.url),
);

/** A running server. */
export type Served = {
  readonly url: string;
  get<Answer>(path: string): Promise<Answer>;
  /** Ends it at once, as a crash or a power cut does. */
  kill(): Promise<void>;
  /** Ends it as Ctrl-C does. */
  stop(): Promise<void>;
};

/** Starts the annotator on a clip and waits until it can be worked on. */
export async function serve(
  { input, data, port }: {
    readonly input: string;
    readonly data: string;
    readonly port: number;
  },
): Promise<Served> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      verb,
      input,
      "--data",
      data,
      "--port",
      String(port),
      "--device",
      "cpu",
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const url = await findAddress(child.stdout);
  const get = async <Answer>(path: string): Promise<Answer> =>
    await (await fetch(`${url}${path}`)).json();
  await until(async () => {
    const { imports: [clip] } = await get<HomeView>("api/home");
    return clip?.sequenceId;
  }, "the clip");
  const end = async (signal: "SIGKILL" | "SIGINT") => {
    child.kill(signal);
    await child.status;
  };
  return { url, get, kill: () => end("SIGKILL"), stop: () => end("SIGINT") };
}

/** A port that is free now. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
