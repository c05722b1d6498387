// The address that `deno task annotate` prints, as a child process.

/** Reads a stream up to the first match, then goes on reading without anybody listening. */
export async function findAddress(
  output: ReadableStream<Uint8Array<ArrayBuffer>>,
  pattern: RegExp = /(http:\S+\/)/,
): Promise<string> {
  const reader = output.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (true) {
    const { value, done } = await reader.read();
    text += value ?? "";
    const found = pattern.exec(text);
    if (found) {
      drain(reader);
      return found[1];
    }
    if (done) {
      throw new Error(`The annotator ended before its address: ${text}`);
    }
  }
}

/** A pipe that nobody reads would stop the child one day. */
async function drain(reader: ReadableStreamDefaultReader<string>) {
  try {
    while (!(await reader.read()).done);
  } catch {
    // it was killed
  }
}
