// deno task tags: the tags of a store, from lists and as a list.

import { addTags, listTags } from "../store/tags.ts";
import { decodeTagList, type TagList } from "../work/tag_lists.ts";
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
    const list = isImport ? await readTagList(file) : undefined;
    const store = await openStoreOf(call);
    try {
      if (!list) {
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
      const { tags, repeated } = list;
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

async function readTagList(path: string): Promise<TagList> {
  const text = await Deno.readTextFile(path);
  const isEiseg = path.toLowerCase().endsWith(".txt");
  return decodeTagList(text, isEiseg ? "txt" : "csv");
}

if (import.meta.main) await runCommand(tags);
