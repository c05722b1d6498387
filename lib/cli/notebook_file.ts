// Notebooks as files: reading their cells, tidying what a run leaves.

import { z } from "zod";
import { messageOf } from "../base/errors.ts";

const Text = z.union([z.string(), z.array(z.string())]);

/** A notebook of format 4; what is not named here is kept as it is. */
export const Notebook = z.looseObject({
  nbformat: z.literal(4),
  metadata: z.looseObject({
    kernelspec: z.looseObject({ name: z.string() }).optional(),
  }),
  cells: z.array(z.looseObject({
    cell_type: z.enum(["code", "markdown", "raw"]),
    source: Text,
    metadata: z.looseObject({}),
    outputs: z.array(z.looseObject({
      output_type: z.string(),
      data: z.looseObject({}).optional(),
    })).optional(),
  })),
});
/** A notebook of format 4; what is not named here is kept as it is. */
export type Notebook = z.infer<typeof Notebook>;

/** Reads a notebook; throws when it is none. */
export async function readNotebook(path: string): Promise<Notebook> {
  try {
    return Notebook.parse(JSON.parse(await Deno.readTextFile(path)));
  } catch (cause) {
    throw new Error(`Cannot read notebook ${path}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/** The texts of the code cells, in order. */
export function codeCells({ cells }: Notebook): string[] {
  return cells.filter(({ cell_type }) => cell_type === "code")
    .map(({ source }) => textOf(source));
}

/** The texts of the text cells, in order. */
export function textCells({ cells }: Notebook): string[] {
  return cells.filter(({ cell_type }) => cell_type === "markdown")
    .map(({ source }) => textOf(source));
}

/** All code cells as one module, which is what a reader runs from top to bottom. */
export function joinCells(notebook: Notebook): string {
  const cells = codeCells(notebook).map((cell, i) =>
    `// code cell ${i + 1}\n${cell}\n`
  );
  return `${cells.join("\n")}\nexport {};\n`;
}

/** Without what changes from run to run or shows nothing, as it is kept in git. */
export function tidyNotebook(notebook: Notebook): Notebook {
  const cells = notebook.cells.map(({ outputs, ...cell }) => {
    const { execution: _, ...metadata } = cell.metadata;
    if (!outputs) return { ...cell, metadata };
    const shown = outputs.filter(({ data }) =>
      data === undefined || Object.keys(data).length > 0
    );
    return { ...cell, metadata, outputs: shown };
  });
  const { kernelspec } = notebook.metadata;
  const metadata = { kernelspec, language_info: { name: "typescript" } };
  return { ...notebook, metadata, cells };
}

function textOf(source: string | readonly string[]): string {
  return typeof source === "string" ? source : source.join("");
}
