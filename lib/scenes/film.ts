// A film: frames that are made one after the other.

import type { SceneImage, SceneObject } from "./scene_object.ts";

/** Objects and the frames that show them; frames are asked for in order. */
export type Film = {
  readonly objects: readonly SceneObject[];
  readonly frame: (time: number) => SceneImage;
};
