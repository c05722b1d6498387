// Data sets with faults of which every one is known: what has to be named, and
// which images have to remain with which labels.

import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import type { Random } from "../../../lib/base/random.ts";
import { encodeJpeg, encodePng } from "medannotate";
import { noise } from "../export/made_sequence.ts";

/** What a problem is known by. */
export type Named = {
  readonly kind: string;
  readonly file: string;
  readonly line?: number;
  readonly consequence: string;
};

/** An image that has to remain, with the count of its labels. */
export type Remaining = { readonly name: string; readonly labels: number };

/** A made data set and what has to be found in it. */
export type BrokenSet = {
  readonly faults: readonly string[];
  readonly problems: readonly Named[];
  readonly train: readonly Remaining[];
  readonly val: readonly Remaining[];
};

/** Pictures that differ from each other, in files of both kinds. */
export type Pictures = {
  readonly png: readonly Uint8Array[];
  readonly jpg: readonly Uint8Array[];
};

export const size = { width: 24, height: 16 };
const CLASSES = 3;

export async function makePictures(count: number): Promise<Pictures> {
  const images = Array.from({ length: count }, (_, i) => noise(size, i));
  return {
    png: await Promise.all(images.map((image) => encodePng(image))),
    jpg: await Promise.all(images.map((image) => encodeJpeg(image))),
  };
}

/** One image as it is about to be written. */
type Draft = {
  readonly part: "train" | "val";
  /** `images/train/a03` */
  readonly stem: string;
  ending: "png" | "jpg";
  bytes: Uint8Array;
  rows: string[] | undefined;
  /** The label file, where it is not the rows with line feeds. */
  text?: string | Uint8Array;
  /** Labels that remain; undefined for an image that is left out. */
  remaining: number | undefined;
};

type Making = {
  readonly root: string;
  readonly outside: string;
  readonly random: Random;
  readonly isSeg: boolean;
  readonly usesList: boolean;
  readonly problems: Named[];
  /** What is done when the images are written. */
  readonly later: (() => Promise<void>)[];
  /** Lines of the list of train beyond its images. */
  readonly listed: { entry: string; problem: Omit<Named, "file" | "line"> }[];
  readonly pictures: Pictures;
  nextPicture: number;
};

type Fault = (draft: Draft, making: Making) => void;

/** Faults of one image or its labels; they take no second one. */
const faults: Readonly<Record<string, Fault>> = {
  "value above 1": (draft, making) =>
    spoil(draft, making, "value out of range", (words) => {
      words[pick(making, words.length - 1) + 1] = "1.25";
    }),
  "value below 0": (draft, making) =>
    spoil(draft, making, "value out of range", (words) => {
      words[1] = "-0.25";
    }),
  "value infinite": (draft, making) =>
    spoil(draft, making, "not a number", (words) => {
      words[2] = "inf";
    }),
  "not a number": (draft, making) =>
    spoil(draft, making, "not a number", (words) => {
      words[pick(making, words.length)] = ["nan", "x", "0,5"][pick(making, 3)];
    }),
  "class past the end": (draft, making) =>
    spoil(draft, making, "class out of range", (words) => {
      words[0] = String(CLASSES + pick(making, 100));
    }),
  "negative class": (draft, making) =>
    spoil(draft, making, "class out of range", (words) => {
      words[0] = "-1";
    }),
  "half a class": (draft, making) =>
    spoil(draft, making, "not a number", (words) => {
      words[0] = "0.5";
    }),
  "a number is missing": (draft, making) =>
    spoil(draft, making, "wrong count of numbers", (words) => {
      words.pop();
    }),
  "a number too many": (draft, making) =>
    spoil(draft, making, "wrong count of numbers", (words) => {
      words.push("0.5");
    }),
  "negative size": (draft, making) => {
    if (making.isSeg) {
      return spoilWith(
        draft,
        making,
        "value out of range",
        "0 0.2 -0.2 0.4 0.4 0.2 0.4",
      );
    }
    spoilWith(draft, making, "negative size", "0 0.5 0.5 -0.2 0.2");
  },
  "two numbers only": (draft, making) =>
    spoilWith(draft, making, "wrong count of numbers", "1 0.5"),
  "slightly above 1": (draft, making) =>
    add(draft, making, "value slightly out of range", {
      row: making.isSeg
        ? "1 0.5 0.5 1.0004 0.5 0.8 0.9"
        : "1 1.0004 0.5 0.0004 0.2",
      consequence: "row mended",
      labels: 1,
    }),
  "empty shape": (draft, making) =>
    add(draft, making, making.isSeg ? "empty ring" : "empty box", {
      row: making.isSeg ? "1 0.1 0.1 0.2 0.2 0.3 0.3" : "1 0.5 0.5 0 0.2",
      consequence: "row left out",
    }),
  "duplicate row": (draft, making) =>
    add(draft, making, "duplicate row", {
      row: draft.rows?.[0] ?? "",
      consequence: "row left out",
    }),
  "over the edge": (draft, making) => {
    if (making.isSeg) return;
    add(draft, making, "box over the edge", {
      row: "2 0.95 0.5 0.3 0.3",
      consequence: "row mended",
      labels: 1,
    });
  },
  "five-number polygon": (draft, making) => {
    if (!making.isSeg) return;
    add(draft, making, "five numbers among rings", {
      row: "2 0.2 0.2 0.3 0.3",
      consequence: "image left out",
    });
    draft.remaining = undefined;
  },
  "labels are not text": (draft, making) => {
    draft.text = Uint8Array.of(0x30, 0x20, 0xff, 0xfe, 0x00, 0x81);
    leaveOut(draft, making, "unreadable labels", labelOf(draft));
  },
  "labels in UTF-16": (draft, making) => {
    const text = "\uFEFF" + draft.rows?.join("\n");
    const bytes = new Uint8Array(2 * text.length);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < text.length; i++) {
      view.setUint16(2 * i, text.charCodeAt(i), true);
    }
    draft.text = bytes;
    leaveOut(draft, making, "unreadable labels", labelOf(draft));
  },
  "labels are a folder": (draft, making) => {
    draft.rows = undefined;
    making.later.push(async () => {
      await mkdir(join(making.root, labelOf(draft)), { recursive: true });
    });
    leaveOut(draft, making, "unreadable labels", labelOf(draft));
  },
  "labels outside": (draft, making) => {
    draft.rows = undefined;
    making.later.push(() =>
      link(
        join(making.outside, "secret.txt"),
        join(making.root, labelOf(draft)),
      )
    );
    leaveOut(draft, making, "outside the data set", labelOf(draft));
  },
  "labels lead nowhere": (draft, making) => {
    draft.rows = undefined;
    making.later.push(() =>
      link("gone.txt", join(making.root, labelOf(draft)))
    );
    leaveOut(draft, making, "unreadable labels", labelOf(draft));
  },
  "image empty": (draft, making) => {
    draft.bytes = new Uint8Array();
    leaveOut(draft, making, "unreadable image", imageOf(draft));
  },
  "image is text": (draft, making) => {
    draft.bytes = new TextEncoder().encode("<html>not found</html>");
    leaveOut(draft, making, "unreadable image", imageOf(draft));
  },
  "image cut short": (draft, making) => {
    const { bytes } = draft;
    draft.bytes = bytes.subarray(0, bytes.length - 20 - pick(making, 100));
    leaveOut(draft, making, "truncated image", imageOf(draft));
  },
  "image damaged": (draft, making) => {
    draft.ending = "png";
    draft.bytes = making.pictures.png[making.nextPicture++].slice();
    draft.bytes[draft.bytes.length - 40 - pick(making, 200)] ^= 1;
    leaveOut(draft, making, "truncated image", imageOf(draft));
  },
  "image says 2 GB": (draft, making) => {
    draft.ending = "png";
    draft.bytes = hugePng();
    leaveOut(draft, making, "huge image", imageOf(draft));
  },
  "image missing": (draft, making) => {
    draft.bytes = new Uint8Array();
    const { stem } = draft;
    making.later.push(() => Deno.remove(join(making.root, imageOf(draft))));
    if (making.usesList && draft.part === "train") {
      draft.remaining = undefined; // named by its line, below
      return;
    }
    leaveOut(
      draft,
      making,
      "missing image",
      `${stem.replace("images", "labels")}.txt`,
    );
  },
  "image outside": (draft, making) => {
    if (making.usesList && draft.part === "train") return;
    making.later.push(async () => {
      await Deno.remove(join(making.root, imageOf(draft)));
      await link(
        join(making.outside, "secret.png"),
        join(making.root, imageOf(draft)),
      );
    });
    leaveOut(draft, making, "outside the data set", imageOf(draft));
    // Its labels are left without an image.
    draft.rows = undefined;
  },
  "duplicate name": (draft, making) => {
    const other = draft.ending === "png" ? "jpg" : "png";
    if (making.usesList && draft.part === "train") return;
    making.later.push(() =>
      write(
        join(making.root, `${draft.stem}.${other}`),
        making.pictures[other][making.nextPicture++],
      )
    );
    leaveOut(draft, making, "duplicate name", labelOf(draft));
  },
  "listed outside": (_, making) => {
    if (!making.usesList) return;
    const entry = [
      "../outside/secret.png",
      "/etc/passwd",
      "images/train/../../../outside/secret.png",
    ];
    making.listed.push({
      entry: entry[pick(making, 3)],
      problem: { kind: "outside the data set", consequence: "image left out" },
    });
  },
  "listed, not there": (_, making) => {
    if (!making.usesList) return;
    making.listed.push({
      entry: "images/train/never.png",
      problem: { kind: "missing image", consequence: "image left out" },
    });
  },
  "listed twice": (draft, making) => {
    if (!making.usesList || draft.part !== "train") return;
    making.listed.push({
      entry: imageOf(draft),
      problem: { kind: "listed twice", consequence: "row left out" },
    });
  },
  // What is no fault:
  "CRLF": (draft) => {
    draft.text = draft.rows?.join("\r\n") + "\r\n";
  },
  "byte order mark": (draft) => {
    draft.text = "\uFEFF" + draft.rows?.join("\n");
  },
  "no labels": (draft) => {
    draft.rows = undefined;
    draft.remaining = 0;
  },
  "empty labels": (draft) => {
    draft.rows = [];
    draft.text = ["", "\n", "  \r\n\n"][draft.stem.length % 3];
    draft.remaining = 0;
  },
  "link inside": (draft, making) => {
    making.later.push(async () => {
      const path = join(making.root, imageOf(draft));
      const store = join(making.root, "store", `${draft.part}.${draft.ending}`);
      await write(store, draft.bytes);
      await Deno.remove(path);
      await link(store, path);
    });
  },
};

export const faultNames: readonly string[] = Object.keys(faults);

/** Writes a data set with a mixture of faults, each on an image of its own. */
export async function makeBrokenSet(
  folder: string,
  { random, pictures }: { random: Random; pictures: Pictures },
): Promise<BrokenSet> {
  const making: Making = {
    root: join(folder, "set"),
    outside: join(folder, "outside"),
    random,
    isSeg: random() < 0.5,
    usesList: random() < 0.4,
    problems: [],
    later: [],
    listed: [],
    pictures,
    nextPicture: 0,
  };
  await write(join(making.outside, "secret.txt"), "0 0.5 0.5 0.1 0.1\n");
  await write(
    join(making.outside, "secret.png"),
    pictures.png[pictures.png.length - 1],
  );
  const drafts = [
    ...Array.from(
      { length: 8 + pick(making, 8) },
      (_, i) => draftOf("train", i, making),
    ),
    ...Array.from(
      { length: 4 + pick(making, 4) },
      (_, i) => draftOf("val", i, making),
    ),
  ];
  const chosen: string[] = [];
  // The first image of each part stays whole.
  const targets = shuffled(
    drafts.filter(({ stem }) => !stem.endsWith("00")),
    random,
  );
  for (const draft of targets.slice(0, 1 + pick(making, 9))) {
    const name = faultNames[pick(making, faultNames.length)];
    chosen.push(name);
    faults[name](draft, making);
  }
  if (random() < 0.3) {
    chosen.push("leak");
    leak(drafts, making);
  }
  await writeSet(drafts, making);
  const remaining = (part: string) =>
    drafts.flatMap((draft) =>
      draft.part === part && draft.remaining !== undefined
        ? [{ name: imageOf(draft), labels: draft.remaining }]
        : []
    ).sort((a, b) => a.name < b.name ? -1 : 1);
  return {
    faults: chosen,
    problems: making.problems,
    train: remaining("train"),
    val: remaining("val"),
  };
}

function draftOf(part: "train" | "val", i: number, making: Making): Draft {
  const ending = making.random() < 0.5 ? "png" : "jpg";
  const rows = Array.from(
    { length: 1 + pick(making, 3) },
    (_, row) => goodRow(row, making),
  );
  return {
    part,
    stem: `images/${part}/${part[0]}${String(i).padStart(2, "0")}`,
    ending,
    bytes: making.pictures[ending][making.nextPicture++],
    rows,
    remaining: rows.length,
  };
}

function goodRow(row: number, { random, isSeg }: Making): string {
  const classNumber = Math.floor(random() * CLASSES);
  const x = (0.1 + 0.1 * row).toFixed(6), y = (0.2 + 0.4 * random()).toFixed(6);
  if (!isSeg) return `${classNumber} ${Number(x) + 0.2} ${y} 0.2 0.2`;
  return `${classNumber} ${x} ${y} ${Number(x) + 0.3} ${y} 0.5 0.9`;
}

/** Spoils one row so that the truth of the image is unknown. */
function spoil(
  draft: Draft,
  making: Making,
  kind: string,
  change: (words: string[]) => void,
) {
  const words = goodRow(0, making).split(" ");
  change(words);
  spoilWith(draft, making, kind, words.join(" "));
}

function spoilWith(draft: Draft, making: Making, kind: string, row: string) {
  add(draft, making, kind, { row, consequence: "image left out" });
  draft.remaining = undefined;
}

/** Puts a row among the others. */
function add(
  draft: Draft,
  making: Making,
  kind: string,
  { row, consequence, labels = 0 }: {
    row: string;
    consequence: string;
    labels?: number;
  },
) {
  const rows = draft.rows ?? [];
  const at = kind === "duplicate row"
    ? rows.length
    : pick(making, rows.length + 1);
  rows.splice(at, 0, row);
  making.problems.push({
    kind,
    file: labelOf(draft),
    line: at + 1,
    consequence,
  });
  draft.remaining = (draft.remaining ?? 0) + labels;
}

function leaveOut(draft: Draft, making: Making, kind: string, file: string) {
  making.problems.push({ kind, file, consequence: "image left out" });
  draft.remaining = undefined;
}

/** Gives an image of val the picture of one of train. */
function leak(drafts: readonly Draft[], making: Making) {
  const train = drafts.find(({ part, stem }) =>
    part === "train" && stem.endsWith("00")
  );
  const val = drafts.findLast(({ part, remaining, text, rows }) =>
    part === "val" && remaining !== undefined && text === undefined && rows
  );
  if (!train || !val || val.stem.endsWith("00")) return;
  val.ending = train.ending;
  val.bytes = train.bytes;
  // A file that is damaged is named for that.
  const isNamed = making.problems.some(({ file }) => file === labelOf(val));
  if (!isNamed || val.remaining !== undefined) {
    leaveOut(val, making, "leak", imageOf(val));
  }
}

async function writeSet(drafts: readonly Draft[], making: Making) {
  const { root, usesList, random } = making;
  for (const draft of drafts) {
    await write(join(root, imageOf(draft)), draft.bytes);
    if (draft.rows === undefined) continue;
    const text = draft.text ?? draft.rows.join("\n") + "\n";
    await write(join(root, labelOf(draft)), text);
  }
  const isMissing = new Set<string>();
  for (const work of making.later) await work();
  for (const draft of drafts) {
    const path = join(root, imageOf(draft));
    if (!await Deno.stat(path).then(() => true, () => false)) {
      isMissing.add(imageOf(draft));
    }
  }
  if (usesList) {
    const entries = drafts.filter(({ part }) => part === "train").map(imageOf);
    const lines = [...entries, ...making.listed.map(({ entry }) => entry)];
    for (const [i, entry] of entries.entries()) {
      if (!isMissing.has(entry)) continue;
      making.problems.push({
        kind: "missing image",
        ...{ file: "train.txt", line: i + 1 },
        consequence: "image left out",
      });
    }
    for (const [i, { problem }] of making.listed.entries()) {
      const line = entries.length + i + 1;
      making.problems.push({ ...problem, file: "train.txt", line });
    }
    const prefix = random() < 0.5 ? "./" : "";
    const end = random() < 0.5 ? "\r\n" : "\n";
    const text = lines.map((line) =>
      line.startsWith("images") ? prefix + line : line
    );
    await write(join(root, "train.txt"), text.join(end) + end);
  }
  const names = [
    "names: [a, b, c]",
    "names:\n  0: a\n  1: b\n  2: c",
    "nc: 3\nnames:\n- a\n- b\n- c",
  ];
  const yaml = [
    random() < 0.3 ? "path: ." : "# made",
    `train: ${usesList ? "train.txt" : "images/train"}`,
    random() < 0.5 ? "val: images/val" : "val:\n  - images/val",
    names[pick(making, 3)],
  ].join(random() < 0.3 ? "\r\n" : "\n");
  await write(join(root, "data.yaml"), (random() < 0.3 ? "\uFEFF" : "") + yaml);
}

/** A PNG whose header promises 26,000 x 26,000 pixels of RGB: 2 GB. */
function hugePng(): Uint8Array {
  const chunk = (name: string, content: Uint8Array) => {
    const bytes = new Uint8Array(12 + content.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, content.length);
    bytes.set(new TextEncoder().encode(name), 4);
    bytes.set(content, 8);
    view.setUint32(
      8 + content.length,
      crc32(bytes.subarray(4, 8 + content.length)),
    );
    return bytes;
  };
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, 26_000);
  view.setUint32(4, 26_000);
  header.set([8, 2, 0, 0, 0], 8);
  return Uint8Array.from([
    ...[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
    ...chunk("IHDR", header),
    ...chunk("IDAT", Uint8Array.of(0x78, 0x9c, 0x03, 0, 0, 0, 0, 1)),
    ...chunk("IEND", new Uint8Array()),
  ]);
}

function imageOf({ stem, ending }: Draft): string {
  return `${stem}.${ending}`;
}

function labelOf({ stem }: Draft): string {
  return `${stem.replace("images", "labels")}.txt`;
}

function pick({ random }: Making, count: number): number {
  return Math.floor(random() * count);
}

function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  return items.map((item) => ({ item, place: random() }))
    .sort((a, b) => a.place - b.place).map(({ item }) => item);
}

async function write(path: string, content: Uint8Array | string) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

async function link(target: string, path: string) {
  await mkdir(dirname(path), { recursive: true });
  await symlink(target, path);
}
