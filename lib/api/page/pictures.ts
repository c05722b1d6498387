// Pictures of frames: fetched in the order of need, kept in bounded number.
//
// What is no longer wanted is aborted, but the two requests made last may end:
// while a person scrubs, something should be seen. Evicted pictures are closed
// at once, as a browser frees them late.

/** A decoded picture; ImageBitmap in the page. */
export type Picture = {
  readonly width: number;
  readonly height: number;
  close(): void;
};

/** Pictures at hand and on their way. */
export type Pictures<P extends Picture> = {
  /** Says which pictures are needed: the frame first, then the others. */
  want(
    frame: number,
    options: { ahead: readonly number[]; sharp: boolean },
  ): void;
  /** A picture that is at hand. */
  find(frame: number): P | undefined;
  /** The picture that came last, to be shown until the right one is there. */
  latest(): { frame: number; picture: P } | undefined;
  /** The last frame up to which all pictures after a frame are there. */
  loadedTo(frame: number): number;
  /** How many are at hand. */
  count(): number;
  /** Frees everything. */
  clear(): void;
};

/** After so long a picture that did not come is asked for again. */
const retryMs = 1500;

/** Starts with no pictures; `load` fetches one, `onLoaded` hears of each. */
export function createPictures<P extends Picture>(
  { load, onLoaded, most = 60, mostBytes = 256e6, atOnce = 3 }: {
    load: (
      frame: number,
      options: { sharp: boolean; signal: AbortSignal },
    ) => Promise<P>;
    onLoaded: (frame: number) => void;
    most?: number;
    mostBytes?: number;
    atOnce?: number;
  },
): Pictures<P> {
  const kept = new Map<number, { picture: P; sharp: boolean }>();
  const loading = new Map<number, AbortController>();
  let wanted: readonly number[] = [];
  let sharpWanted = false;
  let last: number | undefined;

  function isThere(frame: number, index: number): boolean {
    const found = kept.get(frame);
    // Only the frame itself has to be pixel-exact.
    return found !== undefined && (found.sharp || !sharpWanted || index > 0);
  }

  /** The others; the frame itself was started when it was wanted. */
  function pump() {
    for (const [index, frame] of wanted.entries()) {
      if (loading.size >= atOnce) return;
      if (index === 0) continue;
      if (!isThere(frame, index) && !loading.has(frame)) {
        start(frame, false);
      }
    }
  }

  async function start(frame: number, sharp: boolean) {
    const abort = new AbortController();
    loading.set(frame, abort);
    try {
      const picture = await load(frame, { sharp, signal: abort.signal });
      kept.get(frame)?.picture.close();
      kept.delete(frame);
      kept.set(frame, { picture, sharp });
      last = frame;
      evict();
      onLoaded(frame);
    } catch {
      // Aborted, or the server is away; then the frame itself is tried again.
      const isFirst = wanted[0] === frame;
      if (isFirst && !abort.signal.aborted) {
        setTimeout(() => {
          if (wanted[0] === frame && !loading.has(frame)) start(frame, sharp);
        }, retryMs);
      }
      if (!isFirst) wanted = wanted.filter((it) => it !== frame);
    } finally {
      if (loading.get(frame) === abort) loading.delete(frame);
      pump();
    }
  }

  function evict() {
    for (const [frame, { picture }] of kept) {
      const room = Math.max(
        8,
        Math.floor(mostBytes / (picture.width * picture.height * 4)),
      );
      if (kept.size <= Math.min(most, room)) return;
      if (frame === wanted[0] || frame === last) continue;
      picture.close();
      kept.delete(frame);
    }
  }

  return {
    want(frame, { ahead, sharp }) {
      wanted = [frame, ...ahead];
      sharpWanted = sharp;
      const stale = [...loading.keys()].filter((it) => !wanted.includes(it));
      for (const it of stale.slice(0, Math.max(0, stale.length - 2))) {
        loading.get(it)?.abort();
        loading.delete(it);
      }
      // The frame itself never waits behind what was wanted before.
      if (!isThere(frame, 0) && !loading.has(frame)) start(frame, sharp);
      pump();
    },
    find(frame) {
      const found = kept.get(frame);
      if (!found) return undefined;
      kept.delete(frame);
      kept.set(frame, found); // used last
      return found.picture;
    },
    latest() {
      const found = last === undefined ? undefined : kept.get(last);
      return found && last !== undefined
        ? { frame: last, picture: found.picture }
        : undefined;
    },
    loadedTo(frame) {
      let to = frame;
      while (kept.has(to + 1)) to++;
      return to;
    },
    count: () => kept.size,
    clear() {
      for (const abort of loading.values()) abort.abort();
      for (const { picture } of kept.values()) picture.close();
      loading.clear();
      kept.clear();
      wanted = [];
      last = undefined;
    },
  };
}
