import { equal, match } from "node:assert/strict";
import { annotate } from "../../lib/cli/annotate.ts";
import { inFolder } from "../media/temporary_folder.ts";
import { writeFrames } from "../work/small_clip.ts";
import { callVerb } from "./call_verb.ts";

const small = ["--size", "64", "--device", "cpu"];

Deno.test(
  "deno task annotate says what is the matter, and ends",
  inFolder(async (folder) => {
    const data = ["--data", `${folder}/data`, ...small];
    await Deno.writeTextFile(`${folder}/notes.mp4`, "no video");
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr;
    const wrong = [
      [["--port", "99999"], 2, /--port is 99999, expected at most 65535/],
      [["--port", "x"], 2, /--port is x/],
      [["--sequence", "99"], 1, /No sequence 99 in the store/],
      [
        ["--port", String(port)],
        1,
        /Cannot listen on 127\.0\.0\.1:\d+: .*in use/,
      ],
      [[`${folder}/nowhere.mp4`], 1, /there is no such file or folder/],
      [[`${folder}/notes.mp4`], 1, /Cannot read video notes\.mp4/],
    ] as const;
    for (const [words, code, message] of wrong) {
      const { code: found, stderr } = await callVerb(annotate, [
        ...words,
        ...data,
      ]);
      equal(found, code, words.join(" "));
      match(stderr, message);
    }
  }),
);

Deno.test(
  "deno task annotate prints the page's address and ends when it is told to",
  inFolder(async (folder) => {
    await writeFrames(`${folder}/frames`);
    const stop = new AbortController();
    const words = [`${folder}/frames`, "--data", `${folder}/data`, ...small];
    setTimeout(() => stop.abort(), 1500);
    const { code, stdout } = await callVerb(annotate, words, {
      signal: stop.signal,
    });
    equal(code, 0);
    match(stdout, /The annotator: http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\//);
  }),
);
