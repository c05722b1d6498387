// deno task annotate: the annotator page in a browser.

import { openDesks } from "../api/desks.ts";
import { serveAnnotator } from "../api/server.ts";
import { openModel } from "../work/open_model.ts";
import { type Command, runCommand, UsageError } from "./command.ts";
import { modelChoiceOf, modelOptions } from "./model_options.ts";
import { openStoreOf, sequenceIdsOf, storeOptions } from "./store_options.ts";

export const annotate: Command = {
  name: "annotate",
  usage: "[INPUT] [--sequence ID] [--port N]",
  summary:
    "Shows the annotator page on this machine, for a video or folder (imported when it is new) or for what the store holds. Runs until Ctrl-C.",
  options: {
    sequence: { type: "string", help: "the sequence to show first" },
    port: { type: "string", help: "the port (default a free one)" },
    patient: { type: "string", help: "a code, never a name; splits go by it" },
    procedure: { type: "string", help: "the procedure's name" },
    host: {
      type: "string",
      help:
        "the address to listen on (default 127.0.0.1; others let the network in)",
    },
    "base-url": {
      type: "string",
      help: "where a proxy shows the page, {port} is replaced",
    },
    "allow-host": {
      type: "string",
      multiple: true,
      help: "a further name by which browsers reach the page",
    },
    ...modelOptions,
    ...storeOptions,
  },
  positionals: { least: 0, most: 1 },
  async run(call) {
    const choice = modelChoiceOf(call);
    const port = call.count("port");
    if (port !== undefined && port > 65535) {
      throw new UsageError(`--port is ${port}, expected at most 65535`);
    }
    const [wanted] = sequenceIdsOf(call);
    await using open = new AsyncDisposableStack();
    const model = open.adopt(await openModel(choice), close);
    const store = open.adopt(await openStoreOf(call), close);
    const desks = open.adopt(
      openDesks(store, model, {
        // a side that was chosen for one model is not meant for another
        openModel: (id) => openModel({ ...choice, model: id, size: undefined }),
      }),
      close,
    );
    if (wanted !== undefined) await desks.get(wanted); // its trouble is told here
    const server = open.adopt(
      serveAnnotator(desks, {
        port,
        hostname: call.text("host"),
        baseUrl: call.text("base-url"),
        hosts: call.texts("allow-host"),
        log: call.warn,
      }),
      close,
    );
    const query = wanted === undefined ? "" : `?sequence=${wanted}`;
    const url = `${server.url}${query}`;
    call.say(`The annotator: ${url}`);
    call.say("Everything is saved as you go; Ctrl-C ends it.");
    // with --json the address is needed now, not at the end
    if (call.isJson) console.error(JSON.stringify({ url }));
    const [input] = call.positionals;
    const sequenceId = input === undefined
      ? wanted
      : await desks.import(input, { // the page shows how far it is
        patient: call.text("patient"),
        procedure: call.text("procedure"),
        onProgress: call.onProgress,
        signal: call.signal,
      });
    await untilStopped(call.signal);
    return { url, port: server.port, sequenceId };
  },
};

function untilStopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });
}

function close(open: { close(): void | Promise<void> }) {
  return open.close();
}

if (import.meta.main) await runCommand(annotate);
