// A field for a number that has a value of its own elsewhere. What is typed is
// kept until it is finished, however often the page is drawn meanwhile.

import { useState } from "preact/hooks";

/** A field for a whole number from 0 on; tells the number when it is finished. */
export function NumberField({ value, max, label, testId, onFinish }: {
  value: number;
  max: number;
  label: string;
  testId?: string;
  onFinish: (value: number) => void;
}) {
  const [draft, setDraft] = useState<string>();
  function finish() {
    setDraft(undefined);
    const typed = Number(draft);
    if (draft === undefined || draft.trim() === "") return;
    if (Number.isFinite(typed)) {
      onFinish(Math.max(0, Math.min(max, Math.round(typed))));
    }
  }
  return (
    <input
      type="number"
      inputMode="numeric"
      min={0}
      max={max}
      value={draft ?? value}
      aria-label={label}
      data-testid={testId}
      onInput={(event) => setDraft(event.currentTarget.value)}
      onBlur={finish}
      onKeyDown={(event) => {
        if (event.key === "Enter") event.currentTarget.blur();
        if (event.key === "Escape") {
          event.stopPropagation();
          setDraft(undefined);
          const field = event.currentTarget;
          queueMicrotask(() => field.blur());
        }
      }}
    />
  );
}
