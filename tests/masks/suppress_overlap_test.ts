import { deepEqual, throws } from "node:assert/strict";
import { suppressOverlap } from "medannotate";

const of = (...values: readonly number[]) => Float32Array.from(values);

Deno.test("suppressOverlap() keeps the highest of three and cuts the others to -10 at most", () => {
  const objects = [of(1, -30, 5), of(2, -40, 5), of(-3, -20, -50)];
  deepEqual(suppressOverlap(objects), [
    of(-10, -30, 5), // of equal logits the first object stays
    of(2, -40, -10),
    of(-10, -20, -50),
  ]);
  deepEqual(objects[0], of(1, -30, 5));
});

Deno.test("suppressOverlap() leaves one object as it is", () => {
  deepEqual(suppressOverlap([of(3, -4)]), [of(3, -4)]);
  deepEqual(suppressOverlap([]), []);
});

Deno.test("suppressOverlap() refuses objects of different sizes", () => {
  throws(() => suppressOverlap([of(1), of(1, 2)]), {
    name: "RangeError",
    message: /1,2 long/,
  });
});
