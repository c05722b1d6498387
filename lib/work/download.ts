// Downloading a large file in pieces: what has come stays, and the next call goes on.

import { dirname } from "node:path";
import { CancelledError, messageOf } from "../base/errors.ts";
import { type OnProgress, startProgress } from "../base/progress.ts";

/** How a download is watched. */
export type DownloadOptions = {
  /** The size in bytes, where known; a server that offers another is refused. */
  readonly bytes?: number;
  readonly signal?: AbortSignal;
  /** Counts megabytes that were still missing. */
  readonly onProgress?: OnProgress;
  /** How long the server may be silent. */
  readonly idleMs?: number;
};

/**
 * Downloads a file to `part`, from where an earlier call stopped.
 *
 * Nothing proves that the bytes before and after a pause belong to one file: compare the checksum.
 *
 * @throws Error in one sentence when there is no connection, the server refuses
 *   or the stream ends early; CancelledError when the signal fires; `part` stays
 */
export async function download(
  url: string,
  part: string,
  { bytes, signal, onProgress, idleMs = 30_000 }: DownloadOptions = {},
): Promise<void> {
  const have = await Deno.stat(part).then(({ size }) => size, () => 0);
  if (bytes !== undefined && have === bytes) return;
  const from = bytes !== undefined && have > bytes ? 0 : have;
  const silence = watchSilence(idleMs, signal);
  const progress = { from, done: 0, hasAnswer: false };
  try {
    const answer = await ask(url, from, silence.signal);
    if (answer === "whole") return;
    progress.hasAnswer = true;
    const { response, start } = answer;
    const total = sizeOffered(response, start) ?? bytes;
    if (bytes !== undefined && total !== bytes) {
      await response.body?.cancel();
      throw new Error(`the server offers ${total} bytes, expected ${bytes}`);
    }
    const file = await openPart(part, start);
    progress.from = start;
    const report = startProgress(
      "fetch, MB",
      megabytes((total ?? start) - start),
      { onProgress },
    );
    try {
      for await (const chunk of response.body ?? []) {
        silence.heard();
        await writeAll(file, chunk);
        progress.done += chunk.length;
        report(megabytes(progress.done));
      }
    } finally {
      file.close();
    }
    if (total !== undefined && start + progress.done !== total) {
      throw new Error("the stream ended early");
    }
  } catch (error) {
    throw explain(error, {
      url,
      signal,
      isSilent: silence.signal.aborted && !signal?.aborted,
      idleMs,
      hasAnswer: progress.hasAnswer,
      have: progress.from + progress.done,
    });
  } finally {
    silence.stop();
  }
}

/** Asks for a file from a byte on; a server that does not know ranges sends all of it. */
async function ask(
  url: string,
  from: number,
  signal: AbortSignal,
): Promise<"whole" | { response: Response; start: number }> {
  const headers = new Headers({ "accept-encoding": "identity" });
  if (from > 0) headers.set("range", `bytes=${from}-`);
  const response = await fetch(url, { headers, signal });
  const range = response.headers.get("content-range") ?? "";
  if (response.status === 416 && from > 0) {
    await response.body?.cancel();
    const isWhole = range === `bytes */${from}`;
    return isWhole ? "whole" : await ask(url, 0, signal);
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(
      `the server answered ${response.status} ${response.statusText}`.trim(),
    );
  }
  if (response.status !== 206) return { response, start: 0 };
  if (range.startsWith(`bytes ${from}-`)) return { response, start: from };
  await response.body?.cancel();
  throw new Error(
    `the server sent range "${range}", expected bytes from ${from}`,
  );
}

function sizeOffered({ headers }: Response, start: number): number | undefined {
  const text = headers.get("content-length");
  return text === null ? undefined : start + Number(text);
}

async function openPart(path: string, start: number): Promise<Deno.FsFile> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const file = await Deno.open(path, { write: true, create: true });
  try {
    if (!await file.tryLock(true)) {
      throw new Error(`another process is writing ${path}`);
    }
    await file.truncate(start);
    await file.seek(start, Deno.SeekMode.Start);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array) {
  let done = 0;
  while (done < bytes.length) done += await file.write(bytes.subarray(done));
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}

/** Fires when nothing was heard for a while, or when the caller's signal does. */
function watchSilence(idleMs: number, outer: AbortSignal | undefined) {
  const controller = new AbortController();
  const abort = () => controller.abort();
  if (outer?.aborted) abort();
  outer?.addEventListener("abort", abort);
  let timer = setTimeout(abort, idleMs);
  const stop = () => {
    clearTimeout(timer);
    outer?.removeEventListener("abort", abort);
  };
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(abort, idleMs);
  };
  return { signal: controller.signal, heard, stop };
}

function explain(
  error: unknown,
  { url, signal, isSilent, idleMs, hasAnswer, have }: {
    readonly url: string;
    readonly signal: AbortSignal | undefined;
    readonly isSilent: boolean;
    readonly idleMs: number;
    readonly hasAnswer: boolean;
    readonly have: number;
  },
): Error {
  const kept = have > 0
    ? `; ${have} bytes are kept and the same command goes on from there`
    : "";
  if (signal?.aborted) {
    return new CancelledError(`Cancelled: download of ${url}${kept}`);
  }
  const why = isSilent
    ? `nothing came for ${idleMs / 1000} s`
    : error instanceof TypeError
    ? `${hasAnswer ? "the connection was lost" : "there is no connection"} (${
      messageOf(error)
    })`
    : messageOf(error);
  return new Error(`Cannot download ${url}: ${why}${kept}`, { cause: error });
}
