import { deepEqual, equal, throws } from "node:assert/strict";
import { dataYaml, parseDataYaml } from "medannotate";

Deno.test("dataYaml() writes names beside their class numbers", () => {
  const text = dataYaml({
    path: "/data/polyps",
    train: "images/train",
    val: ["images/val", "images/more"],
    names: { 0: "polyp", 2: "z line" },
  });
  equal(
    text,
    [
      'path: "/data/polyps"',
      'train: "images/train"',
      "val:",
      '  - "images/val"',
      '  - "images/more"',
      "names:",
      '  0: "polyp"',
      '  2: "z line"',
      "",
    ].join("\n"),
  );
});

Deno.test("parseDataYaml() reads awkward names as they were written", () => {
  const names = Object.fromEntries(
    [
      "plain",
      "a: b",
      "# no comment",
      'says "x"',
      "it's",
      "back\\slash",
      "yes",
      "0",
      "",
      " spaces ",
      "a, [b] {c}",
      "эзофагит",
      "line\nbreak",
      "\u2028\u007f",
    ].entries(),
  );
  deepEqual(parseDataYaml(dataYaml({ names })), { names });
});

Deno.test("parseDataYaml() reads the file of Ultralytics", () => {
  const text = `# Ultralytics AGPL-3.0 License
path: coco8 # dataset root dir
train: images/train # train images (relative to 'path') 4 images
val: images/val
test: # test images (optional)

# Classes
names:
  0: person
  1: traffic light # two words
  2: "teddy: bear"

# Download script/URL (optional)
download: |
  from pathlib import Path
  names: [not, these]
`;
  deepEqual(parseDataYaml(text), {
    path: "coco8",
    train: "images/train",
    val: "images/val",
    names: { 0: "person", 1: "traffic light", 2: "teddy: bear" },
  });
});

Deno.test("parseDataYaml() reads the file of Roboflow", () => {
  const text = `train: ../train/images
val: ../valid/images
test: ../test/images

nc: 3
names: ['polyp', 'it''s', "a, b"]

roboflow:
  workspace: x
  version: 2
`;
  deepEqual(parseDataYaml(text), {
    train: "../train/images",
    val: "../valid/images",
    test: "../test/images",
    names: { 0: "polyp", 1: "it's", 2: "a, b" },
  });
});

Deno.test("parseDataYaml() reads what PyYAML writes", () => {
  const text = "names:\n- polyp\n- ulcer\nnc: 2\ntrain:\n- a\n- b\nval: v\n";
  deepEqual(parseDataYaml(text), {
    train: ["a", "b"],
    val: "v",
    names: { 0: "polyp", 1: "ulcer" },
  });
  const flow = "names: {0: polyp,\n  1: 'large ulcer'}\n";
  deepEqual(parseDataYaml(flow).names, { 0: "polyp", 1: "large ulcer" });
  const lines = "names: [\n  polyp,\n  ulcer\n]\n";
  deepEqual(parseDataYaml(lines).names, { 0: "polyp", 1: "ulcer" });
});

Deno.test("parseDataYaml() says what is wrong", () => {
  throws(() => parseDataYaml("train: a\n"), /names/);
  throws(() => parseDataYaml("names: polyp\n"), /names/);
  throws(() => parseDataYaml("nc: 2\nnames: [a]\n"), /nc is 2, .* 1 names/);
  throws(() => parseDataYaml("names:\n  a: polyp\n"), /class numbers/);
  throws(
    () => parseDataYaml('train: x\nnames:\n  0: "polyp\n'),
    { name: "SyntaxError", message: /line 2, names: badly quoted/ },
  );
  throws(
    () => parseDataYaml("names: [a, b\n"),
    /line 1, names: not understood/,
  );
});
