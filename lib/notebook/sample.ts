// The sample clip that ships with the project: 90 frames of a colon that does
// not exist, with a polyp and a forceps.

import { fileURLToPath } from "node:url";

/** The video. */
export const sampleClipPath: string = sampleFile("clip.mp4");

/** The clicks that the demo makes. */
export const samplePromptsPath: string = sampleFile("prompts.json");

/** The exact masks of both objects on every frame. */
export const sampleTruthPath: string = sampleFile("truth.json");

function sampleFile(name: string): string {
  return fileURLToPath(new URL(`../../data/sample/${name}`, import.meta.url));
}
