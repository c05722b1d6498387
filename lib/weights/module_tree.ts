// The tree of modules inside a file of torch.save, as plain data.
//
// Trainers that save whole networks (Ultralytics) pickle objects of nn.Module:
// a class, attributes, and other modules by name. The pickle is read without
// running anything; here its records become a tree that whoever knows the
// classes can interpret. Tensors are left out, they are read by their names.

import { isKind, type PickleRecord, type PickleValue } from "./pickle.ts";

/** What an attribute can hold; anything else is left out. */
export type PlainValue =
  | null
  | boolean
  | number
  | string
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue };

/** One module. */
export type ModuleNode = {
  /** Class with its module, such as `torch.nn.modules.conv.Conv2d`. */
  readonly class: string;
  /** Dotted path from the root, the prefix of its tensors' names; the root has none. */
  readonly path: string;
  readonly attributes: { readonly [name: string]: PlainValue };
  /** Names of the tensors that it learns; those it could have and lacks are left out. */
  readonly parameters: readonly string[];
  readonly children: ReadonlyMap<string, ModuleNode>;
};

const maxDepth = 64;

/** Says whether a value is a pickled module. */
export function isModule(
  value: PickleValue | undefined,
): value is PickleRecord {
  return isKind(value, "record") && isKind(value.state, "dict") &&
    lookUpKey(value.state, "_modules") !== undefined;
}

/** Turns a pickled module into a tree. */
export function moduleTree(record: PickleRecord, path = ""): ModuleNode {
  const attributes: Record<string, PlainValue> = {};
  for (const [key, value] of entriesOf(record.state)) {
    if (typeof key !== "string" || key.startsWith("_")) continue;
    const plain = plainValue(value);
    if (plain !== undefined) attributes[key] = plain;
  }
  const children = new Map<string, ModuleNode>();
  const depth = path.split(".").length;
  for (const [key, value] of entriesOf(lookUpKey(record.state, "_modules"))) {
    if (!isModule(value) || depth > maxDepth) continue;
    children.set(
      String(key),
      moduleTree(value, path ? `${path}.${key}` : String(key)),
    );
  }
  const parameters = [...entriesOf(lookUpKey(record.state, "_parameters"))]
    .flatMap(([key, value]) => value === null ? [] : [String(key)]);
  return { class: record.class, path, attributes, parameters, children };
}

/** Numbers, texts, lists and dictionaries as they are; undefined for anything else. */
export function plainValue(
  value: PickleValue,
  depth = 0,
): PlainValue | undefined {
  if (depth > 16) return undefined;
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "number" || typeof value === "string") return value;
  if (isKind(value, "list") || isKind(value, "tuple")) {
    const items = value.items.map((item) => plainValue(item, depth + 1));
    return items.map((item) => item ?? null);
  }
  if (!isKind(value, "dict")) return undefined;
  const record: Record<string, PlainValue> = {};
  for (const [key, inner] of value.entries) {
    const plain = plainValue(inner, depth + 1);
    if (plain === undefined) continue;
    if (typeof key === "string" || typeof key === "number") record[key] = plain;
  }
  return record;
}

/** The value under a key of a dictionary or of an object's items. */
export function lookUpKey(
  value: PickleValue | undefined,
  key: string,
): PickleValue | undefined {
  for (const [name, inner] of entriesOf(value)) {
    if (name === key) return inner;
  }
  return undefined;
}

/** The entries of a dictionary, or of a record that behaves like one. */
export function entriesOf(
  value: PickleValue | undefined,
): Iterable<readonly [PickleValue, PickleValue]> {
  return isKind(value, "dict") || isKind(value, "record") ? value.entries : [];
}
