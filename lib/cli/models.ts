// deno task models: what can be used and what is installed.

import { join } from "node:path";
import { modelRegistry } from "../runtime/registry.ts";
import { sha256OfFile } from "../work/model_file.ts";
import { modelsFolder } from "../work/open_model.ts";
import { type Command, runCommand, UsageError } from "./command.ts";

export const models: Command = {
  name: "models",
  usage: "list",
  summary:
    "Lists the models known by name, their licences, and which are installed.",
  options: {},
  positionals: { least: 1, most: 1 },
  async run(call) {
    const [verb] = call.positionals;
    if (verb !== "list") {
      throw new UsageError(`models ${verb} is not there, expected models list`);
    }
    const listed = [];
    for (const record of modelRegistry) {
      const path = join(modelsFolder, record.file);
      const found = await Deno.stat(path).catch(() => undefined); // not installed
      const sha256 = found ? await sha256OfFile(path) : undefined;
      const isIntact = sha256 === undefined || record.sha256 === undefined
        ? undefined
        : sha256 === record.sha256;
      const state = !found
        ? "not installed"
        : isIntact === false
        ? "installed, but its sha256 is not the one expected"
        : "installed";
      call.say(
        `${record.id.padEnd(20)} ${record.licence.padEnd(11)} ${
          state.padEnd(14)
        } ${
          found
            ? `${(found.size / 1e6).toFixed(1)} MB, sha256 ${
              sha256?.slice(0, 16)
            }…`
            : record.source
        }`,
      );
      listed.push({
        ...record,
        installed: found !== undefined,
        intact: isIntact ?? null,
        bytes: found?.size ?? record.bytes ?? null,
        sha256: sha256 ?? record.sha256 ?? null,
      });
    }
    return { models: listed, folder: modelsFolder };
  },
};

if (import.meta.main) await runCommand(models);
