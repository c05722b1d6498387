// Python literals, in which exports of Ultralytics keep lists and class names.
//
// Text, numbers, True, False, None, lists, tuples and dictionaries; nothing
// that computes. Reading is strict and bounded, since files come from anywhere.
// Writing gives what Python's `repr` gives, so that `ast.literal_eval` reads it.

/** What a Python literal becomes; tuples are lists, keys of dictionaries are text. */
export type PythonValue =
  | null
  | boolean
  | number
  | string
  | readonly PythonValue[]
  | ReadonlyMap<string, PythonValue>;

/**
 * Reads a literal; throws SyntaxError naming the character that is wrong.
 *
 * @example Class names as an export has them
 * ```ts
 * import { parsePythonLiteral } from "medannotate";
 * import { deepEqual } from "node:assert/strict";
 *
 * const names = parsePythonLiteral(`{0: 'polyp', 1: "Barrett's"}`);
 * deepEqual(names, new Map([["0", "polyp"], ["1", "Barrett's"]]));
 * ```
 */
export function parsePythonLiteral(text: string): PythonValue {
  const reader: Reader = { text, at: 0 };
  const value = readValue(reader, 0);
  skipSpace(reader);
  if (reader.at < text.length) throw fail(reader, "the end");
  return value;
}

type Reader = { readonly text: string; at: number };

const deepest = 16;

function readValue(reader: Reader, depth: number): PythonValue {
  if (depth > deepest) throw fail(reader, `no more than ${deepest} levels`);
  skipSpace(reader);
  const { text, at } = reader;
  switch (text[at]) {
    case "{":
      return readDictionary(reader, depth);
    case "[":
      return readItems(reader, "]", depth);
    case "(":
      return readItems(reader, ")", depth);
    case "'":
    case '"':
      return readText(reader);
  }
  const word = take(reader, /[A-Za-z]+/y);
  if (word === "None") return null;
  if (word === "True" || word === "False") return word === "True";
  const number = word ??
    take(reader, /[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?/iy);
  const value = Number(number ?? NaN);
  if (Number.isFinite(value)) return value;
  reader.at = at;
  throw fail(reader, "a text, a number, a list or a dictionary");
}

function readDictionary(
  reader: Reader,
  depth: number,
): ReadonlyMap<string, PythonValue> {
  const entries = new Map<string, PythonValue>();
  reader.at++;
  while (!ends(reader, "}")) {
    const key = readValue(reader, depth + 1);
    if (typeof key !== "string" && typeof key !== "number") {
      throw fail(reader, "a key that is a text or a number");
    }
    expect(reader, ":");
    entries.set(String(key), readValue(reader, depth + 1));
    if (!ends(reader, "}", { isPeek: true })) expect(reader, ",");
  }
  return entries;
}

function readItems(reader: Reader, end: string, depth: number): PythonValue[] {
  const items: PythonValue[] = [];
  reader.at++;
  while (!ends(reader, end)) {
    items.push(readValue(reader, depth + 1));
    if (!ends(reader, end, { isPeek: true })) expect(reader, ",");
  }
  return items;
}

const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  "\\": "\\",
  "'": "'",
  '"': '"',
};

function readText(reader: Reader): string {
  const { text } = reader;
  const quote = text[reader.at++];
  let value = "";
  while (text[reader.at] !== quote) {
    const plain = take(reader, /[^'"\\\r\n]+/y);
    if (plain !== undefined) {
      value += plain;
    } else if (text[reader.at] === "\\") {
      value += readEscape(reader);
    } else if (text[reader.at] === "'" || text[reader.at] === '"') {
      value += text[reader.at++]; // the other quote
    } else {
      throw fail(reader, `the quote ${quote} that ends a text`);
    }
  }
  reader.at++;
  return value;
}

function readEscape(reader: Reader): string {
  const letter = reader.text[reader.at + 1];
  if (letter !== undefined && Object.hasOwn(escapes, letter)) {
    reader.at += 2;
    return escapes[letter];
  }
  const code = take(
    reader,
    /\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8})/y,
  );
  const point = parseInt(code?.slice(2) ?? "", 16);
  if (point <= 0x10ffff) return String.fromCodePoint(point);
  throw fail(reader, "a sign after a backslash that Python knows");
}

/** Whether the end comes next; it is taken unless one only peeks. */
function ends(reader: Reader, end: string, { isPeek = false } = {}): boolean {
  skipSpace(reader);
  if (reader.text[reader.at] !== end) return false;
  if (!isPeek) reader.at++;
  return true;
}

function expect(reader: Reader, sign: string) {
  skipSpace(reader);
  if (reader.text[reader.at] !== sign) throw fail(reader, sign);
  reader.at++;
}

function skipSpace(reader: Reader) {
  take(reader, /\s+/y);
}

function take(reader: Reader, pattern: RegExp): string | undefined {
  pattern.lastIndex = reader.at;
  const found = pattern.exec(reader.text)?.[0];
  reader.at += found?.length ?? 0;
  return found;
}

function fail({ text, at }: Reader, expected: string): SyntaxError {
  const found = at < text.length ? JSON.stringify(text[at]) : "the end";
  return new SyntaxError(
    `Cannot read the Python literal ${
      text.slice(0, 40)
    }: character ${at} is ${found}, expected ${expected}`,
  );
}

/** Writes class names by number as a Python dictionary. */
export function pythonNames(names: readonly string[]): string {
  return `{${names.map((name, i) => `${i}: ${pythonText(name)}`).join(", ")}}`;
}

/** A text as Python's `repr` writes it: double quotes only where single ones stand in it. */
function pythonText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const written = text.replaceAll(
    // deno-lint-ignore no-control-regex
    /[\\'"\u0000-\u001f\u007f-\u00a0\u2028\u2029]/g,
    (sign) => {
      if (sign === "\\" || sign === quote) return `\\${sign}`;
      if (sign === "'" || sign === '"') return sign;
      const known = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }[sign];
      const code = sign.charCodeAt(0).toString(16);
      return known ??
        (code.length > 2
          ? `\\u${code.padStart(4, "0")}`
          : `\\x${code.padStart(2, "0")}`);
    },
  );
  return `${quote}${written}${quote}`;
}
