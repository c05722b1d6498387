// What every component of the page is given.

import type { PageEvent } from "./events.ts";
import type { MaskPaths } from "./mask_paths.ts";
import type { Pictures } from "./pictures.ts";
import type { OpenSequence, State } from "./state.ts";
import type { Say } from "./words.ts";

/** The state, the words of the person's language, and how to tell what happened. */
export type Page = {
  readonly state: State;
  readonly say: Say;
  readonly dispatch: (event: PageEvent) => void;
  readonly pictures: Pictures<ImageBitmap>;
  readonly paths: MaskPaths;
};

/** A page with a sequence that is open. */
export type OpenPage = Page & { readonly sequence: OpenSequence };
