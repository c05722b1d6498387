// What a cell of a notebook does to show the annotator, in a process that can be
// killed as a kernel can: `deno run -A serve_cell.ts FRAMES DATA`.

import { annotate, openClip } from "medannotate";

const [input, folder] = Deno.args;
const clip = await openClip(input, { folder, device: "cpu", size: 64 });
const { url } = await annotate(clip);
console.log(url);
await new Promise(() => {}); // until it is killed
