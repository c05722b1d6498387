// A folder for one test, removed at its end.

/** Runs a test in a new folder. */
export function inFolder(test: (folder: string) => Promise<void>) {
  return async () => {
    const folder = await Deno.makeTempDir({ prefix: "medannotate-" });
    try {
      await test(folder);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  };
}
