// deno task models: what can be used, what is installed, and how it gets there.

import { addModel } from "../work/add_model.ts";
import { checkModels } from "../work/check_models.ts";
import { exportModel } from "../work/export_model.ts";
import { fetchModel } from "../work/fetch_model.ts";
import {
  type InstalledModel,
  listInstalled,
  type ModelPlace,
  ownModels,
} from "../work/installed_models.ts";
import { sha256OfFile } from "../work/model_file.ts";
import type { RecognisedModel } from "../work/recognise_model.ts";
import { isOnnxFile } from "../work/yolo_file.ts";
import { type Call, type Command, runCommand, UsageError } from "./command.ts";

/** The verb for a folder of models and the names that are known. */
export function modelsVerb(place: ModelPlace): Command {
  return {
    name: "models",
    usage:
      "list | fetch ID | add FILE [--name ID] [--licence TEXT] | check [ID] | export ID|FILE --out X.onnx [--size N] [--batch N]",
    summary:
      "Lists the models known by name, fetches official ones, adds checkpoint files, checks what is installed, saves detectors as ONNX.",
    options: {
      name: {
        type: "string",
        help: "the name an added file is used by (default from the file)",
      },
      licence: { type: "string", help: "the terms of an added file" },
      out: { type: "string", help: "the ONNX file that export writes" },
      size: {
        type: "string",
        help: "side of the exported input in pixels, a multiple of 32",
      },
      batch: {
        type: "string",
        help: "images at once of the export, default 1",
      },
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
      if (verb === "export" && word !== undefined) {
        return await exportOne(call, word, place);
      }
      throw new UsageError(
        `models ${
          call.positionals.join(" ")
        } is not there, expected list, fetch ID, add FILE, check [ID] or export ID|FILE`,
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
  refuseOptions(call, "add");
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
  model: RecognisedModel,
): readonly string[] {
  const { bytes, parameters, imageSize, sha256 } = model;
  const values = parameters === undefined
    ? ""
    : `${parameters.toLocaleString("en")} parameters, `;
  const what = model.family === "yolo"
    ? [
      `YOLO ${model.size} (${model.task}), ${values}${
        megabytes(bytes)
      }, ${model.format}`,
      `${model.classes.length} classes: ${shortList(model.classes)}`,
      `input side ${imageSize} px`,
    ]
    : [
      `${model.family.replace("sam", "SAM ")} ${model.size}, ${values}${
        megabytes(bytes)
      }, tensor names of ${model.naming}`,
      `input side ${imageSize} px, known by ${model.sideFrom}`,
    ];
  return [...what, `licence ${record.licence}`, `sha256 ${sha256}`, path];
}

function shortList(words: readonly string[]): string {
  const more = words.length > 12 ? `, … (${words.length - 12} more)` : "";
  return words.slice(0, 12).join(", ") + more;
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

async function exportOne(call: Call, model: string, place: ModelPlace) {
  refuseOptions(call, "export");
  const out = call.text("out");
  if (out === undefined || !isOnnxFile(out)) {
    throw new UsageError(
      `--out is ${out}, expected a file name ending in .onnx`,
    );
  }
  const size = call.count("size", { least: 32 });
  const exported = await exportModel(model, out, {
    side: size,
    batch: call.count("batch", { least: 1 }),
  }, place);
  const { width, height, task, classes, bytes, licence } = exported;
  call.say(
    `${out}: ${task}, ${classes.length} classes, input ${width}x${height}, ${
      megabytes(bytes)
    }, licence ${licence}`,
  );
  return { out, ...exported };
}

/** Which options belong to which verb. */
const optionsOf: Readonly<Record<string, readonly string[]>> = {
  add: ["name", "licence"],
  export: ["out", "size", "batch"],
};

function refuseOptions(call: Call, verb?: "add" | "export") {
  for (const [owner, names] of Object.entries(optionsOf)) {
    if (owner === verb) continue;
    for (const name of names) {
      if (call.text(name) === undefined) continue;
      throw new UsageError(
        `--${name} belongs to models ${owner}, found models ${
          call.positionals[0]
        }`,
      );
    }
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

if (import.meta.main) await runCommand(models);
