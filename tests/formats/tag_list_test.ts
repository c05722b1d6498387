import { deepEqual, equal, ok, throws } from "node:assert/strict";
import {
  parseEisegLabels,
  parseTagCsv,
  writeEisegLabels,
  writeTagCsv,
} from "medannotate";

Deno.test("parseTagCsv() reads all columns", () => {
  const { tags, duplicates } = parseTagCsv(
    "code,name,category,colour,procedures,description\n" +
      'f_1,polyp,finding,#FF8000,colonoscopy; gastroscopy,"round, raised"\n' +
      "q_1,foam,quality,,,\n",
  );
  deepEqual(duplicates, []);
  deepEqual(tags, [
    {
      code: "f_1",
      name: "polyp",
      category: "finding",
      colour: [255, 128, 0],
      procedures: ["colonoscopy", "gastroscopy"],
      description: "round, raised",
    },
    {
      code: "q_1",
      name: "foam",
      category: "quality",
      colour: undefined,
      procedures: [],
      description: "",
    },
  ]);
});

Deno.test("parseTagCsv() gives back what writeTagCsv() wrote", () => {
  const tags = [{
    code: "t_1",
    name: 'snare, "hot"',
    category: "therapy",
    colour: [1, 2, 255],
    procedures: ["a", "b"],
    description: "two\nlines",
  }] as const;
  deepEqual(parseTagCsv(writeTagCsv(tags)).tags, tags);
  equal(parseTagCsv(writeTagCsv([])).tags.length, 0);
});

Deno.test("parseTagCsv() reads the first MedAnnotate's columns and reports its duplicate", () => {
  const { tags, duplicates } = parseTagCsv(
    "Tags_category,Code_of_tag,Name,Description\n" +
      "Anatomy,a_160000,z_line,\n" +
      "Findings,f_001000,phlebectasia,\n" +
      "Anatomy,a_160000,cardia,\n",
  );
  deepEqual(tags.map(({ name, category }) => [name, category]), [
    ["z_line", "anatomy"],
    ["phlebectasia", "finding"],
  ]);
  equal(duplicates.length, 1);
  equal(duplicates[0].row.name, "cardia");
  deepEqual([duplicates[0].line, duplicates[0].firstLine], [4, 2]);
});

Deno.test("parseTagCsv() names every line that is wrong", () => {
  const text = "code,name,category,colour\n" +
    "a,b,anatomy,\n" +
    "c,d,colours,\n" +
    ",e,finding,red\n" +
    "f,g,finding,,extra\n";
  throws(() => parseTagCsv(text), (error: Error) => {
    equal(error.name, "SyntaxError");
    ok(/line 3: category: .*anatomy/.test(error.message), error.message);
    ok(/line 4: .*code/.test(error.message), error.message);
    ok(/line 4: .*colour: expected #rrggbb/.test(error.message), error.message);
    ok(/line 5: .*5 cells, expected 4/.test(error.message), error.message);
    return true;
  });
  throws(() => parseTagCsv("name,category\n"), /no column code/);
  throws(() => parseTagCsv(""), /no column code/);
});

Deno.test("writeEisegLabels() ends each line with a space", () => {
  const labels = [
    { number: 1, name: "liver", colour: [244, 108, 59] },
    { number: 2, name: "z line", colour: [0, 0, 255] },
  ] as const;
  equal(writeEisegLabels(labels), "1 liver 244 108 59 \n2 z_line 0 0 255 \n");
});

Deno.test("parseEisegLabels() reads lines, quoted names and duplicates", () => {
  const { labels, duplicates } = parseEisegLabels(
    '1 liver 244 108 59 \r\n\n2 "z line" 0 0 255\n1 spleen 1 2 3 \n',
  );
  deepEqual(labels, [
    { number: 1, name: "liver", colour: [244, 108, 59] },
    { number: 2, name: "z line", colour: [0, 0, 255] },
  ]);
  deepEqual(duplicates, [{
    line: 4,
    firstLine: 1,
    row: { number: 1, name: "spleen", colour: [1, 2, 3] },
  }]);
});

Deno.test("parseEisegLabels() names every line that is wrong", () => {
  throws(
    () => parseEisegLabels("1 z line 0 0 255\n2 liver 0 0 256 \n"),
    /line 1: .*6 words, expected 5.*; line 2: .*colour/,
  );
});
