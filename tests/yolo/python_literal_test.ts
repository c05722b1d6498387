import { deepEqual, equal, throws } from "node:assert/strict";
import {
  parsePythonLiteral,
  pythonNames,
} from "../../lib/yolo/python_literal.ts";

Deno.test("parsePythonLiteral() reads what an export's metadata hold", () => {
  deepEqual(
    parsePythonLiteral(
      "{0: 'polyp', 1: \"it's\", 2: 'a \\'b\\' \\u0434\\x41\\n'}",
    ),
    new Map([["0", "polyp"], ["1", "it's"], ["2", "a 'b' дA\n"]]),
  );
  deepEqual(parsePythonLiteral("[640, 480]"), [640, 480]);
  deepEqual(parsePythonLiteral(" ( 1.5 , -2e3, ) "), [1.5, -2000]);
  deepEqual(
    parsePythonLiteral("{'data': None, 'nms': True, 'half': False, 'a': []}"),
    new Map<string, unknown>([
      ["data", null],
      ["nms", true],
      ["half", false],
      ["a", []],
    ]),
  );
});

Deno.test("parsePythonLiteral() refuses what computes, is open or too deep", () => {
  for (
    const [text, message] of [
      ["__import__('os')", /character 0 is "_"/],
      ["[1, 2", /character 5 is the end, expected ,/],
      ["'open", /character 5 is the end, expected the quote '/],
      ["{0: 1} 2", /character 7 is "2", expected the end/],
      ["{[1]: 2}", /expected a key/],
      ["1 + 1", /character 2 is "\+", expected the end/],
      ["'\\q'", /expected a sign after a backslash that Python knows/],
      ["'\\U00110000'", /expected a sign after a backslash/],
      ["", /character 0 is the end/],
      ["[".repeat(100_000), /expected no more than 16 levels/],
      ["True_", /character 4 is "_", expected the end/],
    ] as const
  ) throws(() => parsePythonLiteral(text), message);
});

Deno.test("pythonNames() writes what Python's repr writes", () => {
  // compared with repr of CPython 3.11
  equal(
    pythonNames(["polyp", "it's", 'say "x"', "' \"", "a\t\\\n\u0007\u2028é"]),
    `{0: 'polyp', 1: "it's", 2: 'say "x"', 3: '\\' "', 4: 'a\\t\\\\\\n\\x07\\u2028é'}`,
  );
  const names = ["полип", "{0: 1}", "", "a'b\"c\\", "\u00a0"];
  deepEqual(
    parsePythonLiteral(pythonNames(names)),
    new Map(names.map((name, i) => [String(i), name])),
  );
});
