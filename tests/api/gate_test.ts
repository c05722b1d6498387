import { deepEqual, equal, rejects } from "node:assert/strict";
import { createGate } from "../../lib/api/gate.ts";

Deno.test("createGate() lets work through together, and one piece alone", async () => {
  const gate = createGate();
  const log: string[] = [];
  const ends = [1, 2].map(() => Promise.withResolvers<void>());
  const inside = ends.map(({ promise }, i) =>
    gate.pass(async () => {
      log.push(`in ${i}`);
      await promise;
      log.push(`out ${i}`);
    })
  );
  const alone = gate.alone(async () => {
    log.push("alone");
    await Promise.resolve();
    log.push("no longer");
  });
  const later = gate.pass(() => Promise.resolve(log.push("later")));
  ends[1].resolve();
  await inside[1];
  ends[0].resolve();
  await Promise.all([...inside, alone, later]);
  deepEqual(log, [
    ...["in 0", "in 1", "out 1", "out 0"],
    ...["alone", "no longer", "later"],
  ]);
});

Deno.test("createGate() opens again after work that failed, inside or alone", async () => {
  const gate = createGate();
  const fail = () => Promise.reject(new Error("no"));
  await rejects(gate.pass(fail), /no/);
  await rejects(gate.alone(fail), /no/);
  const twice = await Promise.all([
    gate.alone(() => Promise.resolve(1)),
    gate.alone(() => Promise.resolve(2)),
    gate.pass(() => Promise.resolve(3)),
  ]);
  deepEqual(twice, [1, 2, 3]);
  equal(await gate.pass(() => Promise.resolve(4)), 4);
});
