import { deepEqual, throws } from "node:assert/strict";
import { matchClasses } from "medannotate";

Deno.test("matchClasses() joins by name, whatever the order", () => {
  const { toModel, toData, beyond } = matchClasses(
    ["polyp", "forceps", "snare"],
    ["snare", "bubble", "polyp", "forceps"],
  );
  deepEqual(toModel, [2, 3, 0]);
  deepEqual([...toData], [[2, 0], [3, 1], [0, 2]]);
  deepEqual(beyond, ["bubble"]);
});

Deno.test("matchClasses() names both sides where a labelled class is not in the model", () => {
  throws(
    () => matchClasses(["polyp", "Forceps"], ["forceps", "polyp"]),
    /the data set labels Forceps, which the model does not know; it knows forceps, polyp, the data set has polyp, Forceps/,
  );
});

Deno.test("matchClasses() passes over classes that nothing is labelled with", () => {
  const { toModel } = matchClasses(["unused_0", "polyp"], ["polyp"], {
    used: [1],
  });
  deepEqual(toModel, [-1, 0]);
});

Deno.test("matchClasses() refuses two classes of one name", () => {
  throws(
    () => matchClasses(["polyp"], ["polyp", "polyp"]),
    /the model has two classes called polyp/,
  );
  throws(
    () => matchClasses(["polyp", "polyp"], ["polyp"]),
    /the data set has two classes called polyp/,
  );
});
