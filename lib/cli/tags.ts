// deno task tags: the tags of a store, from lists and as a list.

import { parseEisegLabels, parseTagCsv } from "../formats/tag_list.ts";
import { addTags, listTags, type NewTag } from "../store/tags.ts";
import { type Command, runCommand, UsageError } from "./command.ts";
import { openStoreOf, storeOptions } from "./store_options.ts";

export const tags: Command = {
  name: "tags",
  usage: "import FILE.csv|FILE.txt | list",
  summary:
    "Adds the tags of a list (MedAnnotate csv, EISeg txt), or lists those in the store.",
  options: storeOptions,
  positionals: { least: 1, most: 2 },
  async run(call) {
    const [verb, file] = call.positionals;
    const isImport = verb === "import" && file !== undefined;
    if (!isImport && (verb !== "list" || file !== undefined)) {
      throw new UsageError("expected tags import FILE or tags list");
    }
    const rows = isImport ? await readTagList(file) : [];
    const store = await openStoreOf(call);
    try {
      if (!isImport) {
        const all = await listTags(store);
        for (const { classNumber, code, category, name, colour } of all) {
          call.say(
            `${String(classNumber).padStart(3)} ${code.padEnd(20)} ${
              category.padEnd(10)
            } ${colour} ${name}`,
          );
        }
        return { tags: all };
      }
      const { tags, repeated } = splitRepeated(rows);
      const { added, duplicates } = await addTags(store, tags);
      const taken = [
        ...repeated,
        ...duplicates.map(({ code }) => ({ code, why: "is in the store" })),
      ];
      for (const { code, why } of taken) {
        call.warn(`duplicate code ${code}: ${why}; left as it was`);
      }
      call.say(`${added.length} tags added, ${taken.length} duplicates left`);
      return {
        added: added.length,
        duplicates: taken.map(({ code }) => code),
      };
    } finally {
      await store.close();
    }
  },
};

type ListedTag = { readonly tag: NewTag; readonly repeats?: string };

/** Reads a list; a code that occurs again says where. */
async function readTagList(path: string): Promise<readonly ListedTag[]> {
  const text = await Deno.readTextFile(path);
  if (path.toLowerCase().endsWith(".txt")) {
    const { labels, duplicates } = parseEisegLabels(text);
    return [
      ...labels.filter(({ number }) => number > 0)
        .map(({ name, colour }) => ({ tag: { code: name, colour } })),
      ...duplicates.map(({ row, line, firstLine }) => ({
        tag: { code: row.name },
        repeats: `line ${line} repeats line ${firstLine}`,
      })),
    ];
  }
  const { tags, duplicates } = parseTagCsv(text);
  return [
    ...tags.map((tag) => ({ tag })),
    ...duplicates.map(({ row, line, firstLine }) => ({
      tag: row,
      repeats: `line ${line} repeats line ${firstLine}`,
    })),
  ];
}

function splitRepeated(rows: readonly ListedTag[]) {
  return {
    tags: rows.filter(({ repeats }) => !repeats).map(({ tag }) => tag),
    repeated: rows.flatMap(({ tag, repeats }) =>
      repeats ? [{ code: tag.code, why: repeats }] : []
    ),
  };
}

if (import.meta.main) await runCommand(tags);
