// Searching tags by code, name or category; what begins with the words is first.

import type { TagView } from "../contract.ts";

/** The categories of tags, in the order of the menu. */
export const tagCategories: readonly TagView["category"][] = [
  "finding",
  "landmark",
  "anatomy",
  "quality",
  "instrument",
  "therapy",
];

/** Tags that hold every word of the text somewhere; all of them for no text. */
export function searchTags(
  tags: readonly TagView[],
  text: string,
  categoryName: (category: TagView["category"]) => string = (it) => it,
): readonly TagView[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return tags;
  return tags
    .map((tag) => {
      const { code, name, category } = tag;
      const own = `${code}\n${name}`.toLowerCase();
      const all = `${own}\n${category}\n${categoryName(category)}`
        .toLowerCase();
      const [first] = words;
      const starts = own.split("\n").some((it) => it.startsWith(first));
      const rank = starts ? 0 : own.includes(first) ? 1 : 2;
      return { tag, rank, fits: words.every((word) => all.includes(word)) };
    })
    .filter(({ fits }) => fits)
    .sort((a, b) => a.rank - b.rank)
    .map(({ tag }) => tag);
}
