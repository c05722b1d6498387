// A restricted pickle reader: it builds data and never calls anything.
//
// The virtual machine of Python's pickle protocol 2 to 5 (Lib/pickletools.py
// describes every opcode), without the opcodes that files of tensors never
// need. A class or function is only ever a name; what the file wants to do
// with it becomes an inert record {class, args, state} that the reader of the
// file may interpret. Names that could only serve an attack are errors.

/** What a pickle can hold here. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleList
  | PickleTuple
  | PickleDict
  | PickleSet
  | PickleName
  | PickleRecord
  | PicklePersistent;

export type PickleList = {
  readonly kind: "list";
  readonly items: PickleValue[];
};
export type PickleTuple = {
  readonly kind: "tuple";
  readonly items: readonly PickleValue[];
};
export type PickleDict = {
  readonly kind: "dict";
  readonly entries: Map<PickleValue, PickleValue>;
};
export type PickleSet = { readonly kind: "set"; readonly items: PickleValue[] };
/** The name of a class or function, `module.name`. */
export type PickleName = { readonly kind: "name"; readonly name: string };
/** What would have been an object: its class, the arguments, the state and the items given to it. */
export type PickleRecord = {
  readonly kind: "record";
  readonly class: string;
  readonly args: readonly PickleValue[];
  state: PickleValue | undefined;
  readonly items: PickleValue[];
  readonly entries: Map<PickleValue, PickleValue>;
};
/** A reference to something outside the pickle, such as a tensor's storage. */
export type PicklePersistent = {
  readonly kind: "persistent";
  readonly id: PickleValue;
};

const dangerousModules =
  /^(os|posix|nt|subprocess|sys|shutil|socket|ctypes|importlib|runpy|code|codeop|pty|platform|webbrowser|multiprocessing|threading|signal|pickle|_pickle|marshal|tempfile|asyncio|urllib|http|ftplib|smtplib|builtins\.__import__)(\.|$)/;
const dangerousBuiltins =
  /^(__builtin__|builtins)\.(eval|exec|execfile|compile|open|__import__|input|breakpoint|globals|locals|vars|setattr|delattr|apply|memoryview|exit|quit)$/;

/**
 * Reads a pickle.
 *
 * @param source named in errors
 * @throws SyntaxError naming the byte and opcode, for anything forbidden, cut off or cyclic
 */
export function parsePickle(
  bytes: Uint8Array,
  { source = "pickle" }: { source?: string } = {},
): PickleValue {
  const machine = new Machine(bytes, source);
  const value = machine.run();
  refuseCycles(value, source);
  return value;
}

const mark = Symbol("mark");
type Slot = PickleValue | typeof mark;

const maxObjects = 2 ** 20; // files of tensors have some thousands
/** The stack machine; its state lives as long as one call of parsePickle. */
class Machine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #source: string;
  readonly #stack: Slot[] = [];
  readonly #memo = new Map<number, PickleValue>();
  #objects = 0;
  #at = 0;
  #opcodeAt = 0;

  constructor(bytes: Uint8Array, source: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#source = source;
  }

  run(): PickleValue {
    while (true) {
      this.#opcodeAt = this.#at;
      const opcode = this.#bytes[this.#take(1)];
      if (opcode === 0x2e) return this.#pop(); // STOP
      this.#step(opcode);
    }
  }

  #step(opcode: number) {
    switch (String.fromCharCode(opcode)) {
      // framing and memo
      case "\x80": { // PROTO
        const version = this.#uint(1);
        if (version < 2 || version > 5) {
          throw this.#error(`protocol ${version}, expected 2 to 5`);
        }
        return;
      }
      case "\x95": // FRAME
        this.#take(8);
        return;
      case "q": // BINPUT
        this.#memo.set(this.#uint(1), this.#top());
        return;
      case "r": // LONG_BINPUT
        this.#memo.set(this.#uint(4), this.#top());
        return;
      case "\x94": // MEMOIZE
        this.#memo.set(this.#memo.size, this.#top());
        return;
      case "h": // BINGET
        return this.#push(this.#recall(this.#uint(1)));
      case "j": // LONG_BINGET
        return this.#push(this.#recall(this.#uint(4)));

      // plain values
      case "N":
        return this.#push(null);
      case "\x88":
        return this.#push(true);
      case "\x89":
        return this.#push(false);
      case "J": // BININT
        return this.#push(this.#view.getInt32(this.#take(4), true));
      case "K": // BININT1
        return this.#push(this.#uint(1));
      case "M": // BININT2
        return this.#push(this.#uint(2));
      case "\x8a": // LONG1
        return this.#push(this.#long(this.#uint(1)));
      case "\x8b": // LONG4
        return this.#push(this.#long(this.#uint(4)));
      case "G": // BINFLOAT
        return this.#push(this.#view.getFloat64(this.#take(8), false));
      case "X": // BINUNICODE
      case "T": // BINSTRING
        return this.#push(this.#text(this.#uint(4)));
      case "\x8c": // SHORT_BINUNICODE
      case "U": // SHORT_BINSTRING
        return this.#push(this.#text(this.#uint(1)));
      case "\x8d": // BINUNICODE8
        return this.#push(this.#text(this.#uint(8)));
      case "C": // SHORT_BINBYTES
        return this.#push(this.#raw(this.#uint(1)));
      case "B": // BINBYTES
        return this.#push(this.#raw(this.#uint(4)));
      case "\x8e": // BINBYTES8
      case "\x96": // BYTEARRAY8
        return this.#push(this.#raw(this.#uint(8)));

      // containers
      case "(":
        this.#stack.push(mark);
        return;
      case ")":
        return this.#push(tuple([]));
      case "t":
        return this.#push(tuple(this.#popToMark()));
      case "\x85":
        return this.#push(tuple(this.#popMany(1)));
      case "\x86":
        return this.#push(tuple(this.#popMany(2)));
      case "\x87":
        return this.#push(tuple(this.#popMany(3)));
      case "]":
        return this.#push({ kind: "list", items: [] });
      case "l":
        return this.#push({ kind: "list", items: this.#popToMark() });
      case "}":
        return this.#push({ kind: "dict", entries: new Map() });
      case "d":
        return this.#push({
          kind: "dict",
          entries: this.#pairs(this.#popToMark()),
        });
      case "\x8f":
        return this.#push({ kind: "set", items: [] });
      case "\x91": // FROZENSET
        return this.#push({ kind: "set", items: this.#popToMark() });
      case "a":
        return this.#append(this.#popMany(1));
      case "e":
      case "\x90": // APPENDS, ADDITEMS
        return this.#append(this.#popToMark());
      case "s":
        return this.#setItems(this.#popMany(2));
      case "u":
        return this.#setItems(this.#popToMark());
      case "0":
        this.#pop();
        return;
      case "1":
        this.#popToMark();
        return;
      case "2":
        return this.#push(this.#top());

      // names, and what the file would do with them
      case "c": // GLOBAL
        return this.#push(this.#name(this.#line(), this.#line()));
      case "\x93": { // STACK_GLOBAL
        const [module, name] = this.#popMany(2);
        if (typeof module !== "string" || typeof name !== "string") {
          throw this.#error("a class name that is no text");
        }
        return this.#push(this.#name(module, name));
      }
      case "R": // REDUCE
      case "\x81": { // NEWOBJ
        const [callable, args] = this.#popMany(2);
        return this.#push(this.#record(callable, args));
      }
      case "\x92": { // NEWOBJ_EX
        const [callable, args, named] = this.#popMany(3);
        const record = this.#record(callable, args);
        record.state = named;
        return this.#push(record);
      }
      case "b": { // BUILD
        const state = this.#pop();
        const target = this.#top();
        if (isKind(target, "record")) target.state = state;
        else if (!isKind(target, "dict")) {
          throw this.#error("state for something that is no object");
        }
        return;
      }
      case "Q": // BINPERSID
        return this.#push({ kind: "persistent", id: this.#pop() });
    }
    throw this.#error(
      `forbidden opcode 0x${opcode.toString(16).padStart(2, "0")}`,
    );
  }

  #name(module: string, name: string): PickleName {
    const full = `${module}.${name}`;
    if (dangerousModules.test(full) || dangerousBuiltins.test(full)) {
      throw this.#error(
        `it names ${full}, which no model needs; nothing was run`,
      );
    }
    return { kind: "name", name: full };
  }

  #record(callable: PickleValue, args: PickleValue): PickleRecord {
    if (!isKind(callable, "name")) throw this.#error("a call of no class");
    if (!isKind(args, "tuple")) {
      throw this.#error("arguments that are no tuple");
    }
    return {
      kind: "record",
      class: callable.name,
      args: args.items,
      state: undefined,
      items: [],
      entries: new Map(),
    };
  }

  #append(items: readonly PickleValue[]) {
    const target = this.#top();
    const takes = isKind(target, "list") || isKind(target, "set") ||
      isKind(target, "record");
    if (!takes) throw this.#error("items for something that is no list");
    for (const item of items) target.items.push(item);
  }

  #setItems(items: readonly PickleValue[]) {
    const target = this.#top();
    if (!isKind(target, "dict") && !isKind(target, "record")) {
      throw this.#error("entries for something that is no dictionary");
    }
    for (const [key, value] of this.#pairs(items)) {
      target.entries.set(key, value);
    }
  }

  #pairs(items: readonly PickleValue[]): Map<PickleValue, PickleValue> {
    if (items.length % 2) throw this.#error("a key without a value");
    const entries = new Map<PickleValue, PickleValue>();
    for (let i = 0; i < items.length; i += 2) {
      entries.set(items[i], items[i + 1]);
    }
    return entries;
  }

  #recall(index: number): PickleValue {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.#error(`unknown memo ${index}`);
    return value;
  }

  #push(value: PickleValue) {
    const isObject = typeof value === "object" && value !== null;
    if (isObject && ++this.#objects > maxObjects) {
      throw this.#error(`more than ${maxObjects} objects`);
    }
    this.#stack.push(value);
  }

  #top(): PickleValue {
    const value = this.#stack.at(-1);
    if (value === undefined || value === mark) throw this.#error("empty stack");
    return value;
  }

  #pop(): PickleValue {
    const value = this.#top();
    this.#stack.pop();
    return value;
  }

  #popMany(count: number): PickleValue[] {
    return Array.from({ length: count }, () => this.#pop()).reverse();
  }

  #popToMark(): PickleValue[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) throw this.#error("no mark on the stack");
    const items = this.#stack.splice(at);
    return items.filter((item) => item !== mark);
  }

  #take(count: number): number {
    if (this.#at + count > this.#bytes.length) {
      throw this.#error(
        `${count} more bytes are needed, ${
          this.#bytes.length - this.#at
        } are left`,
      );
    }
    this.#at += count;
    return this.#at - count;
  }

  #uint(width: 1 | 2 | 4 | 8): number {
    const at = this.#take(width);
    if (width === 1) return this.#view.getUint8(at);
    if (width === 2) return this.#view.getUint16(at, true);
    if (width === 4) return this.#view.getUint32(at, true);
    const value = this.#view.getBigUint64(at, true);
    if (value > 2n ** 53n) throw this.#error(`a length of ${value}`);
    return Number(value);
  }

  #long(width: number): number | bigint {
    if (width > 1024) throw this.#error(`a whole number of ${width} bytes`);
    const raw = this.#raw(width);
    let value = 0n;
    for (let i = width - 1; i >= 0; i--) value = (value << 8n) | BigInt(raw[i]);
    if (width > 0 && raw[width - 1] & 0x80) value -= 1n << BigInt(8 * width);
    const small = Number(value);
    return Number.isSafeInteger(small) ? small : value;
  }

  #raw(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.slice(at, at + length);
  }

  #text(length: number): string {
    return new TextDecoder().decode(this.#raw(length));
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw this.#error("a name without an end");
    const text = this.#text(end - this.#at);
    this.#take(1);
    return text;
  }

  #error(what: string): SyntaxError {
    return new SyntaxError(
      `Cannot read ${this.#source}: ${what} (byte ${this.#opcodeAt})`,
    );
  }
}

function tuple(items: readonly PickleValue[]): PickleTuple {
  return { kind: "tuple", items };
}

/** Tells which kind of container a value is. */
export function isKind<
  Kind extends
    | "list"
    | "tuple"
    | "dict"
    | "set"
    | "name"
    | "record"
    | "persistent",
>(
  value: PickleValue | undefined,
  kind: Kind,
): value is Extract<PickleValue, { kind: Kind }> {
  return typeof value === "object" && value !== null && "kind" in value &&
    value.kind === kind;
}

/** The values directly inside a value. */
function childrenOf(value: PickleValue): readonly PickleValue[] {
  if (typeof value !== "object" || value === null) return [];
  if (value instanceof Uint8Array) return [];
  switch (value.kind) {
    case "list":
    case "tuple":
    case "set":
      return value.items;
    case "dict":
      return [...value.entries].flat();
    case "record": {
      const state = value.state === undefined ? [] : [value.state];
      return [...value.args, ...value.items, ...value.entries, state].flat();
    }
    case "persistent":
      return [value.id];
    case "name":
      return [];
  }
}

function refuseCycles(root: PickleValue, source: string) {
  const open = new Set<PickleValue>();
  const finished = new Set<PickleValue>();
  const stack: {
    value: PickleValue;
    children: readonly PickleValue[];
    next: number;
  }[] = [];
  const enter = (value: PickleValue) => {
    if (typeof value !== "object" || value === null || finished.has(value)) {
      return;
    }
    if (open.has(value)) {
      throw new SyntaxError(`Cannot read ${source}: a value contains itself`);
    }
    open.add(value);
    stack.push({ value, children: childrenOf(value), next: 0 });
  };
  enter(root);
  while (stack.length > 0) {
    const frame = stack[stack.length - 1];
    if (frame.next < frame.children.length) {
      enter(frame.children[frame.next++]);
    } else {
      stack.pop();
      open.delete(frame.value);
      finished.add(frame.value);
    }
  }
}
