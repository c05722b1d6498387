// A gate in front of the model: many may work with it at once, but whoever
// changes it is alone.
//
// Whoever wants to change it waits until all who are inside have left; whoever
// comes meanwhile waits until the change is done. Work inside must not go through
// the gate again: it would wait for itself.

/** Lets work through together, or one piece of it alone. */
export type Gate = {
  /** Runs work as soon as nobody is alone inside. */
  pass<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Runs work once everybody has left; others wait until it ends. */
  alone<Result>(work: () => Promise<Result>): Promise<Result>;
};

/** Makes a gate that is open. */
export function createGate(): Gate {
  let inside = 0;
  let shut: PromiseWithResolvers<void> | undefined;
  let left = () => {};
  return {
    pass: async (work) => {
      while (shut) await shut.promise;
      inside++;
      try {
        return await work();
      } finally {
        inside--;
        if (inside === 0) left();
      }
    },
    alone: async (work) => {
      while (shut) await shut.promise;
      const mine = shut = Promise.withResolvers<void>();
      if (inside > 0) await new Promise<void>((resolve) => left = resolve);
      try {
        return await work();
      } finally {
        shut = undefined;
        mine.resolve();
      }
    },
  };
}
