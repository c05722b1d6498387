// deno task models: what can be used, what is installed, and how it gets there.

import { addModel } from "../work/add_model.ts";
import { checkModels } from "../work/check_models.ts";
import { fetchModel } from "../work/fetch_model.ts";
import {
  type InstalledModel,
  listInstalled,
  type ModelPlace,
  ownModels,
} from "../work/installed_models.ts";
import { sha256OfFile } from "../work/model_file.ts";
import type { RecognisedModel } from "../work/recognise_model.ts";
import { type Call, type Command, runCommand, UsageError } from "./command.ts";

/** The verb for a folder of models and the names that are known. */
export function modelsVerb(place: ModelPlace): Command {
  return {
    name: "models",
    usage:
      "list | fetch ID | add FILE [--name ID] [--licence TEXT] | check [ID]",
    summary:
      "Lists the models known by name, fetches official ones, adds checkpoint files, checks what is installed.",
    options: {
      name: {
        type: "string",
        help: "the name an added file is used by (default from the file)",
      },
      licence: { type: "string", help: "the terms of an added file" },
    },
    positionals: { least: 1, most: 2 },
    async run(call) {
      const [verb, word] = call.positionals;
      if (verb === "list" && word === undefined) return await list(call, place);
      if (verb === "fetch" && word !== undefined) {
        return await fetchOne(call, word, place);
      }
      if (verb === "add" && word !== undefined) {
        return await add(call, word, place);
      }
      if (verb === "check") return await check(call, word, place);
      throw new UsageError(
        `models ${
          call.positionals.join(" ")
        } is not there, expected list, fetch ID, add FILE or check [ID]`,
      );
    },
  };
}

/** The verb for MedAnnotate's own folder. */
export const models: Command = modelsVerb(ownModels);

async function list(call: Call, place: ModelPlace) {
  refuseOptions(call);
  const installed = await listInstalled(place);
  const here = new Map(installed.map((model) => [model.record.id, model]));
  const known = place.registry
    .map((record) => here.get(record.id) ?? { record, path: undefined });
  const listed = [];
  for (const model of new Set([...known, ...installed])) {
    const state = await stateOf(model);
    call.say(lineOf(model, state));
    listed.push({ ...model.record, path: model.path ?? null, ...state });
  }
  return { models: listed, folder: place.folder };
}

/** A model of the list; without a path it is only known. */
type Listed = {
  readonly record: InstalledModel["record"];
  readonly path: string | undefined;
};

async function stateOf({ record, path }: Listed) {
  if (path === undefined) {
    const { bytes = null, sha256 = null } = record;
    return { installed: false, intact: null, bytes, sha256 };
  }
  const { size } = await Deno.stat(path);
  const sha256 = await sha256OfFile(path);
  const intact = record.sha256 === undefined ? null : sha256 === record.sha256;
  return { installed: true, intact, bytes: size, sha256 };
}

function lineOf(
  { record, path }: Listed,
  { intact, bytes, sha256 }: Awaited<ReturnType<typeof stateOf>>,
): string {
  const state = path === undefined
    ? "not installed"
    : intact === false
    ? "installed, but its sha256 is not the one expected"
    : "installed";
  return [
    record.id.padEnd(24),
    state.padEnd(14),
    (bytes === null ? "" : megabytes(bytes)).padStart(9),
    path === undefined ? record.source : `sha256 ${sha256?.slice(0, 16)}…`,
    `· ${record.licence}`,
  ].join(" ");
}

async function fetchOne(call: Call, id: string, place: ModelPlace) {
  refuseOptions(call);
  const { signal, onProgress } = call;
  const { fetched, ...model } = await fetchModel(
    id,
    { signal, onProgress },
    place,
  );
  if (!fetched) call.say(`${id} is installed already`);
  else call.say(`fetched ${id} from ${model.record.source}`);
  call.say(`sha256 ${model.record.sha256 ?? "unknown"}, ${model.path}`);
  return { fetched, ...model.record, path: model.path };
}

async function add(call: Call, file: string, place: ModelPlace) {
  const { added, recognised, ...model } = await addModel(file, {
    id: call.text("name"),
    licence: call.text("licence"),
    signal: call.signal,
  }, place);
  const { id } = model.record;
  call.say(
    added
      ? `added ${id}, use it with --model ${id}`
      : `${file} is installed already as ${id}; nothing was copied`,
  );
  for (const line of describe(model, recognised)) call.say(line);
  return { added, ...model.record, ...recognised, path: model.path };
}

function describe(
  { record, path }: InstalledModel,
  { family, size, imageSize, sideFrom, ...model }: RecognisedModel,
): readonly string[] {
  return [
    `${family.replace("sam", "SAM ")} ${size}, ${
      model.parameters.toLocaleString("en")
    } parameters, ${megabytes(model.bytes)}, tensor names of ${model.naming}`,
    `input side ${imageSize} px, known by ${sideFrom}`,
    `licence ${record.licence}`,
    `sha256 ${model.sha256}`,
    path,
  ];
}

async function check(call: Call, id: string | undefined, place: ModelPlace) {
  refuseOptions(call);
  const { signal, onProgress } = call;
  const checks = await checkModels(id, { signal, onProgress }, place);
  for (const { id, problems } of checks) {
    call.say(
      `${id}: ${problems.length === 0 ? "intact" : problems.join("; ")}`,
    );
  }
  const ok = checks.every(({ problems }) => problems.length === 0);
  return { ok, models: checks };
}

function refuseOptions(call: Call) {
  for (const name of ["name", "licence"]) {
    if (call.text(name) === undefined) continue;
    throw new UsageError(
      `--${name} belongs to models add, found models ${call.positionals[0]}`,
    );
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

if (import.meta.main) await runCommand(models);
