import { deepEqual, equal, throws } from "node:assert/strict";
import { parseCsv, writeCsv } from "medannotate";

Deno.test("parseCsv() knows the line on which each row starts", () => {
  deepEqual(parseCsv('\uFEFFa,b\r\n"1\n2",\n\nx'), [
    { line: 1, cells: ["a", "b"] },
    { line: 2, cells: ["1\n2", ""] },
    { line: 5, cells: ["x"] },
  ]);
  deepEqual(parseCsv(""), []);
});

Deno.test("parseCsv() names the line of a misplaced quote", () => {
  throws(() => parseCsv('a\nb,"c'), /line 2, cell 2/);
  throws(() => parseCsv('a"b'), { name: "SyntaxError", message: /line 1/ });
  throws(() => parseCsv('"a"b'), SyntaxError);
});

Deno.test("writeCsv() quotes only what needs it", () => {
  equal(writeCsv([["a b", "c,d"], ['"', ""]]), 'a b,"c,d"\r\n"""",\r\n');
});

Deno.test("parseCsv() gives back what writeCsv() wrote", () => {
  const rows = [["a", ""], ["", "\r\n"], [",,", '""'], [" x ", "é"]];
  deepEqual(parseCsv(writeCsv(rows)).map(({ cells }) => cells), rows);
});
