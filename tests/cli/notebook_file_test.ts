import { deepEqual, equal } from "node:assert/strict";
import {
  joinCells,
  type Notebook,
  tidyNotebook,
} from "../../lib/cli/notebook_file.ts";

const notebook: Notebook = {
  nbformat: 4,
  nbformat_minor: 5,
  metadata: {
    kernelspec: { name: "deno" },
    language_info: { version: "6.0.3" },
  },
  cells: [
    { cell_type: "markdown", source: "# Title", metadata: {} },
    {
      cell_type: "code",
      source: ["const a = 1;\n", "a;"],
      metadata: { execution: { started: "now" }, tags: ["kept"] },
      outputs: [
        { output_type: "display_data", data: { "text/plain": "1" } },
        { output_type: "execute_result", data: {} },
        { output_type: "stream", text: "kept" },
      ],
    },
  ],
};

Deno.test("joinCells() makes one module of the code cells", () => {
  equal(
    joinCells(notebook),
    "// code cell 1\nconst a = 1;\na;\n\nexport {};\n",
  );
});

Deno.test("tidyNotebook() drops times, versions and outputs that show nothing", () => {
  const { cells, metadata } = tidyNotebook(notebook);
  deepEqual(metadata, {
    kernelspec: { name: "deno" },
    language_info: { name: "typescript" },
  });
  deepEqual(cells[1].metadata, { tags: ["kept"] });
  deepEqual(cells[1].outputs?.map(({ output_type }) => output_type), [
    "display_data",
    "stream",
  ]);
  equal(cells[0].source, "# Title");
});
