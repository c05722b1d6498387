import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { parseXml, xmlElement } from "medannotate";

Deno.test("parseXml() gives back what xmlElement() wrote, whatever the words are", () => {
  const words = [
    "plain",
    "a & b < c > \"d\" 'e'",
    "&amp; &#65; ]]>",
    "tab\tline\nend",
    "эзофагит 食道",
    "",
  ];
  const text = xmlElement(
    "root",
    {},
    words.map((word) => xmlElement("word", { word })),
  );
  const { children } = parseXml(text);
  deepEqual(children.map(({ attributes }) => attributes.get("word")), words);
  const inner = parseXml(xmlElement("a", {}, words[1]));
  equal(inner.text, words[1]);
});

Deno.test("parseXml() replaces what XML cannot say", () => {
  equal(parseXml(xmlElement("a", {}, "x\u0000\u0008y")).text, "x\ufffd\ufffdy");
});

Deno.test("parseXml() reads declarations, comments, CDATA and a byte order mark", () => {
  const root = parseXml(
    "\uFEFF<?xml version=\"1.0\"?>\r\n<!-- a --><a><b x='1'/><![CDATA[<c>]]></a>",
  );
  deepEqual([root.name, root.text], ["a", "<c>"]);
  equal(root.children[0].attributes.get("x"), "1");
});

Deno.test("parseXml() refuses documents with a type: entity bombs and foreign files", () => {
  const bomb = `<?xml version="1.0"?><!DOCTYPE lolz [
    <!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
  ]><annotations>&b;</annotations>`;
  throws(() => parseXml(bomb), /<!DOCTYPE/);
  const foreign =
    '<!doctype a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>';
  throws(() => parseXml(foreign), { name: "SyntaxError" });
  // An entity nobody defined stays as it is written.
  equal(parseXml("<a>&x;</a>").text, "&x;");
});

Deno.test("parseXml() refuses what is not well-formed, and what is nested without end", () => {
  const broken = ["", "text", "<a", "<a><b></a>", "<a/><b/>", "<a x=1/>"];
  for (const text of [...broken, '<a x="1" x="2"/>', "<a>\u0000"]) {
    throws(() => parseXml(text), { name: "SyntaxError" }, text);
  }
  const deep = "<a>".repeat(50_000) + "</a>".repeat(50_000);
  throws(() => parseXml(deep), { name: "SyntaxError" });
  throws(() => parseXml('<a __proto__="x"/>'), { name: "SyntaxError" });
  ok(!("x" in {}));
});
