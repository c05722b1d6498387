// Frames as files for a browser, encoded once while they are looked at.
//
// Two sizes of memory matter: a page that scrubs back and forth asks for the same
// frames again, and a long clip must not fill the server. So what was asked for
// last is kept, up to a limit in bytes.

import type { Frames } from "../media/frames.ts";
import { encodeJpeg, encodePng, resizeImage } from "../media/image.ts";

/** How a frame is sent: quick, exact, or small. */
export const pictureKinds = ["jpeg", "png", "thumbnail"] as const;
/** How a frame is sent. */
export type PictureKind = typeof pictureKinds[number];

const thumbnailHeight = 72;
const mostBytes = 64 * 2 ** 20;

/** Encoded frames of one sequence. */
export class PictureCache {
  readonly #frames: Pick<Frames, "read">;
  readonly #small: Promise<Frames>; // a reader of its own: thumbnails jump about
  readonly #kept = new Map<string, Uint8Array<ArrayBuffer>>(); // oldest first
  #bytes = 0;
  #thumbnails: Promise<unknown> = Promise.resolve();

  constructor(frames: Pick<Frames, "read" | "again">) {
    this.#frames = frames;
    this.#small = frames.again();
  }

  /** Ends the reader of thumbnails. */
  async close(): Promise<void> {
    await (await this.#small).close();
  }

  /** Gives a frame as a file; throws RangeError for one that does not exist. */
  async read(
    frame: number,
    kind: PictureKind,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const name = `${kind} ${frame}`;
    const found = this.#kept.get(name);
    if (found) {
      this.#kept.delete(name);
      this.#kept.set(name, found);
      return found;
    }
    const bytes = new Uint8Array(
      kind === "thumbnail"
        ? await this.#afterOthers(() => this.#thumbnail(frame))
        : await this.#encode(frame, kind),
    );
    this.#keep(name, bytes);
    return bytes;
  }

  /** One thumbnail at a time: the frame that a person looks at comes first. */
  #afterOthers<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#thumbnails.then(work);
    this.#thumbnails = result.catch(() => {});
    return result;
  }

  async #encode(frame: number, kind: "jpeg" | "png"): Promise<Uint8Array> {
    const image = await this.#frames.read(frame);
    if (kind === "png") return await encodePng(image);
    return await encodeJpeg(image, { quality: 92 });
  }

  async #thumbnail(frame: number): Promise<Uint8Array> {
    const image = await (await this.#small).read(frame);
    const scale = thumbnailHeight / image.height;
    const width = Math.max(1, Math.round(image.width * scale));
    const small = await resizeImage(image, { width, height: thumbnailHeight });
    return await encodeJpeg(small, { quality: 70 });
  }

  #keep(name: string, bytes: Uint8Array<ArrayBuffer>) {
    if (this.#kept.has(name)) return; // asked for twice at once
    this.#kept.set(name, bytes);
    this.#bytes += bytes.length;
    for (const [oldest, { length }] of this.#kept) {
      if (this.#bytes <= mostBytes) return;
      this.#kept.delete(oldest);
      this.#bytes -= length;
    }
  }
}
