// Pictures at hand: bounded, closed when they go, the newest wish first.

import { deepEqual, equal, ok } from "node:assert/strict";
import {
  createPictures,
  type Picture,
} from "../../../lib/api/page/pictures.ts";

function setUp({ most = 5 } = {}) {
  const closed: number[] = [];
  const asked: number[] = [];
  const waiting = new Map<number, () => void>();
  const pictures = createPictures<Picture>({
    most,
    load: (frame, { signal }) => {
      asked.push(frame);
      return new Promise<Picture>((resolve, reject) => {
        signal.addEventListener("abort", () => reject(new Error("aborted")));
        waiting.set(frame, () =>
          resolve({
            width: 8,
            height: 6,
            close: () => closed.push(frame),
          }));
      });
    },
    onLoaded: () => {},
  });
  async function arrive(frame: number) {
    waiting.get(frame)?.();
    for (let i = 0; i < 5; i++) await Promise.resolve();
  }
  return { pictures, closed, asked, arrive };
}

Deno.test("createPictures() loads the frame first, then what is ahead", async () => {
  const { pictures, asked, arrive } = setUp();
  pictures.want(4, { ahead: [5, 6, 7], sharp: false });
  deepEqual(asked, [4, 5, 6]); // three at once
  await arrive(4);
  deepEqual(asked, [4, 5, 6, 7]);
  ok(pictures.find(4));
});

Deno.test("createPictures() stays bounded over 2,000 frames and closes what goes", async () => {
  const { pictures, closed, arrive } = setUp();
  for (let frame = 0; frame < 2000; frame++) {
    pictures.want(frame, { ahead: [], sharp: false });
    await arrive(frame);
  }
  equal(pictures.count(), 5);
  equal(closed.length, 1995);
  ok(pictures.find(1999));
});

Deno.test("createPictures() aborts what is no longer wanted, but for the newest two", () => {
  const { pictures, asked } = setUp();
  for (let frame = 0; frame < 8; frame++) {
    pictures.want(frame, { ahead: [], sharp: false });
  }
  // The frame itself never waits, however many were wanted before.
  deepEqual(asked, [0, 1, 2, 3, 4, 5, 6, 7]);
});

Deno.test("createPictures() tells how far one can play", async () => {
  const { pictures, arrive } = setUp();
  pictures.want(0, { ahead: [1, 2], sharp: false });
  await arrive(0);
  await arrive(1);
  equal(pictures.loadedTo(0), 1);
});

Deno.test("createPictures() fetches a sharp picture where only a soft one is there", async () => {
  const { pictures, asked, arrive } = setUp();
  pictures.want(3, { ahead: [], sharp: false });
  await arrive(3);
  pictures.want(3, { ahead: [], sharp: true });
  deepEqual(asked, [3, 3]);
});
