// FFmpeg inside the process, loaded on first use.
//
// The wrapper node-av is MIT, the FFmpeg it carries is a GPL build: so it is
// imported lazily, here only, and never bundled (DESIGN.md, section 5).

/** The parts of node-av that this room uses. */
export type Ffmpeg =
  & typeof import("node-av/lib")
  & typeof import("node-av/constants");

/** Loads FFmpeg and silences its own log; errors are thrown with their cause instead. */
export async function loadFfmpeg(): Promise<Ffmpeg> {
  const lib = await import("node-av/lib");
  const constants = await import("node-av/constants");
  lib.Log.setLevel(constants.AV_LOG_QUIET);
  return { ...lib, ...constants };
}

/** Throws what FFmpeg says about a negative return value; returns others. */
export function checkCode(av: Ffmpeg, code: number, doing: string): number {
  if (code < 0) throw new Error(`${doing}: ${av.FFmpegError.strerror(code)}`);
  return code;
}
