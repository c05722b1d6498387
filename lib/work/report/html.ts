// HTML from templates: everything put in is escaped unless it is HTML already.

/** A piece of a page. */
export type Html = { readonly html: string };

/** What can stand in a template; undefined and false leave nothing. */
export type HtmlPart =
  | string
  | number
  | undefined
  | false
  | Html
  | readonly Html[];

/** Joins a template; `html` as a tag. */
export function html(
  strings: TemplateStringsArray,
  ...parts: readonly HtmlPart[]
): Html {
  const text = strings.reduce((sum, string, i) =>
    sum + partText(parts[i - 1]) + string
  );
  return { html: text };
}

/** Escapes text for elements and attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;").replaceAll('"', "&quot;").replaceAll("'", "&#39;");
}

/** Writes a value into a script element, where `</script>` and `<!--` must not occur. */
export function scriptJson(value: unknown): Html {
  return { html: JSON.stringify(value).replaceAll("<", "\\u003c") };
}

function partText(part: HtmlPart): string {
  if (part === undefined || part === false) return "";
  if (typeof part === "string" || typeof part === "number") {
    return escapeHtml(String(part));
  }
  return "html" in part ? part.html : part.map(({ html }) => html).join("\n");
}
