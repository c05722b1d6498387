// data.yaml: where the images of a YOLO data set lie and what its classes are.
//
// Not a YAML library: reads what Ultralytics, Roboflow and PyYAML write into
// such files (scalars, lists, one level of maps, quotes, comments) and passes
// over the keys that it does not know.

import { z } from "zod";

/** What a data.yaml says. */
export type DataYaml = {
  readonly path?: string;
  readonly train?: string | readonly string[];
  readonly val?: string | readonly string[];
  readonly test?: string | readonly string[];
  /** Class number to name. */
  readonly names: Readonly<Record<number, string>>;
};

/**
 * Writes a data.yaml; every name stands beside its class number.
 *
 * @example Two classes
 * ```ts
 * import { dataYaml, parseDataYaml } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const data = { path: "/data/polyps", train: "images/train", val: "images/val", names: { 0: "polyp", 1: "tool: \"snare\"" } };
 * deepEqual(parseDataYaml(dataYaml(data)), data);
 * ```
 */
export function dataYaml(data: DataYaml): string {
  const lines: string[] = [];
  for (const key of ["path", "train", "val", "test"] as const) {
    const value = data[key];
    if (value === undefined) continue;
    if (typeof value === "string") lines.push(`${key}: ${quote(value)}`);
    else lines.push(`${key}:`, ...value.map((item) => `  - ${quote(item)}`));
  }
  lines.push("names:");
  for (const [classNumber, name] of Object.entries(data.names)) {
    lines.push(`  ${classNumber}: ${quote(name)}`);
  }
  return lines.join("\n") + "\n";
}

/** Reads a data.yaml; throws when names are missing or do not count from 0. */
export function parseDataYaml(text: string): DataYaml {
  const values = new Map<string, Value>();
  for (const { key, lines, line } of splitKeys(text)) {
    if (!known.has(key)) continue;
    try {
      const value = parseValue(lines);
      if (value !== undefined) values.set(key, value);
    } catch (error) {
      throw new SyntaxError(
        `Cannot read data.yaml: line ${line}, ${key}: ${
          error instanceof Error ? error.message : error
        }`,
        { cause: error },
      );
    }
  }
  const parsed = Shape.safeParse(Object.fromEntries(values));
  if (!parsed.success) {
    throw new SyntaxError(
      `Cannot read data.yaml: ${z.prettifyError(parsed.error)}`,
    );
  }
  const { nc, names, ...places } = parsed.data;
  const byNumber = Array.isArray(names)
    ? Object.fromEntries(names.entries())
    : names;
  const count = Object.keys(byNumber).length;
  if (nc !== undefined && nc !== count) {
    throw new SyntaxError(
      `Cannot read data.yaml: nc is ${nc}, but there are ${count} names`,
    );
  }
  return { ...places, names: byNumber };
}

type Value = string | string[] | Record<string, string>;

const known = new Set(["path", "train", "val", "test", "nc", "names"]);

const Places = z.union([z.string(), z.array(z.string())]).optional();

const Shape = z.object({
  path: z.string().optional(),
  train: Places,
  val: Places,
  test: Places,
  nc: z.coerce.number().int().optional(),
  names: z.union([
    z.array(z.string()),
    z.record(z.string().regex(/^\d+$/, "expected class numbers"), z.string()),
  ], "names: expected a list, or a map from class numbers to names"),
});

/** Splits a file at its keys; what is indented or a list item belongs to the key above. */
function splitKeys(text: string) {
  const blocks: { key: string; line: number; lines: string[] }[] = [];
  for (const [i, raw] of text.replace(/^\uFEFF/, "").split(/\r?\n/).entries()) {
    const line = withoutComment(raw).trimEnd();
    const start = /^([A-Za-z_][\w-]*)\s*:(?:\s+(.*))?$/.exec(line);
    if (start) {
      blocks.push({ key: start[1], line: i + 1, lines: [start[2] ?? ""] });
    } else if (line !== "" && line !== "---") {
      blocks.at(-1)?.lines.push(line.trim());
    }
  }
  return blocks;
}

function parseValue([first, ...rest]: readonly string[]): Value | undefined {
  if (first === "" && rest.length === 0) return undefined;
  if (first !== "" && rest.length === 0 && !/^[[{]/.test(first)) {
    return unquote(first);
  }
  if (first === "") {
    if (rest.every((line) => /^-\s/.test(line))) {
      return rest.map((line) => unquote(line.slice(1)));
    }
    return Object.fromEntries(rest.map(parsePair));
  }
  const flow = [first, ...rest].join(" ").trim();
  const inner = flow.slice(1, -1);
  if (flow.startsWith("[") && flow.endsWith("]")) {
    return splitItems(inner).map(unquote);
  }
  if (flow.startsWith("{") && flow.endsWith("}")) {
    return Object.fromEntries(splitItems(inner).map(parsePair));
  }
  throw new SyntaxError(`not understood: ${flow.slice(0, 60)}`);
}

function parsePair(text: string): [string, string] {
  const pair = /^\s*("[^"]*"|'[^']*'|[^:"']+?)\s*:\s*(.*)$/.exec(text);
  if (!pair) throw new SyntaxError(`expected "number: name", found ${text}`);
  return [unquote(pair[1]), unquote(pair[2])];
}

/** Splits at the commas outside quotes. */
function splitItems(text: string): string[] {
  const items = text.match(
    /(?:"(?:\\.|[^"\\])*"|'(?:''|[^'])*'|[^,"']|["'])+/g,
  );
  return (items ?? []).map((item) => item.trim()).filter((item) => item !== "");
}

/** Removes a comment: a # at the start or after a space, outside quotes. */
function withoutComment(line: string): string {
  let open = "";
  for (let i = 0; i < line.length; i++) {
    const char = line[i];
    if (open === '"' && char === "\\") i++;
    else if (char === open) open = "";
    else if (open !== "") continue;
    else if (
      (char === '"' || char === "'") && /[\s:,[{-]|^$/.test(line[i - 1] ?? "")
    ) {
      open = char;
    } else if (char === "#" && /^\s?$/.test(line[i - 1] ?? "")) {
      return line.slice(0, i);
    }
  }
  return line;
}

/** Double quotes with the escapes of JSON, which YAML shares. */
function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[\x7f-\x9f\u2028\u2029\ufeff]/g,
    (char) => "\\u" + char.charCodeAt(0).toString(16).padStart(4, "0"),
  );
}

function unquote(text: string): string {
  const word = text.trim();
  if (/^'.*'$/.test(word)) return word.slice(1, -1).replaceAll("''", "'");
  if (!word.startsWith('"')) return word;
  try {
    return z.string().parse(JSON.parse(word));
  } catch (cause) {
    throw new SyntaxError(`badly quoted: ${word}`, { cause });
  }
}
