// XML as a tree of plain elements, for the annotation formats that use it.
//
// Reading is left to fast-xml-parser. A document type is refused whatever it
// says: no annotation format has one, and it is what entity bombs and files
// drawn in from elsewhere are made of. Only the five entities of XML and
// character numbers are known. Namespaces are not looked at.

import { XMLParser, XMLValidator } from "fast-xml-parser";
import { messageOf } from "../base/errors.ts";

/** An element with what is in it. */
export type XmlElement = {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Its own text, trimmed. */
  readonly text: string;
};

/** Deeper nesting is no annotation file. */
const MAX_DEPTH = 32;

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseTagValue: false,
  parseAttributeValue: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  htmlEntities: true, // character numbers; the names are told apart below
  maxNestedTags: MAX_DEPTH,
});

/**
 * Reads an XML file into its root element.
 *
 * @example One attribute
 * ```ts
 * import { parseXml } from "medannotate";
 * import { equal } from "node:assert/strict";
 *
 * const root = parseXml('<annotations><image name="a &amp; b.jpg"/></annotations>');
 * equal(root.children[0].attributes.get("name"), "a & b.jpg");
 * ```
 */
export function parseXml(text: string): XmlElement {
  const content = text.replace(/^\uFEFF/, "");
  const forbidden = /<!(DOCTYPE|ENTITY)/i.exec(content);
  if (forbidden) {
    throw new SyntaxError(
      `Cannot read XML: it has <!${
        forbidden[1]
      }, which no annotation file needs and which is not read`,
    );
  }
  const valid = XMLValidator.validate(content);
  if (valid !== true) {
    const { msg, line } = valid.err;
    throw new SyntaxError(
      `Cannot read XML: line ${line ?? 1}: ${msg.slice(0, 200)}`,
    );
  }
  try {
    const [root, ...others] = toElements(parser.parse(content), 0);
    if (root && others.length === 0) return root;
  } catch (cause) {
    throw new SyntaxError(`Cannot read XML: ${messageOf(cause)}`, { cause });
  }
  throw new SyntaxError("Cannot read XML: expected one element at its root");
}

/** Writes an element on lines of its own, with those in it below. */
export function xmlElement(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  content: string | readonly string[] = [],
): string {
  const words = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escapeXml(String(value))}"`).join("");
  if (typeof content === "string") {
    return `<${name}${words}>${escapeXml(content)}</${name}>\n`;
  }
  if (content.length === 0) return `<${name}${words}/>\n`;
  const inner = content.join("").replace(/^(?=.)/gm, "  ");
  return `<${name}${words}>\n${inner}</${name}>\n`;
}

/** The first line of every XML file. */
export const xmlHeader = '<?xml version="1.0" encoding="utf-8"?>\n';

/** The first child of a name. */
export function xmlChild(
  { children }: XmlElement,
  name: string,
): XmlElement | undefined {
  return children.find((child) => child.name === name);
}

/** A child's text; undefined where there is no such child. */
export function xmlText(element: XmlElement, name: string): string | undefined {
  return xmlChild(element, name)?.text;
}

function escapeXml(text: string): string {
  return text
    // deno-lint-ignore no-control-regex -- XML 1.0 cannot say these at all
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "\ufffd")
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;").replaceAll("'", "&apos;")
    .replace(/[\t\n\r]/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** The parser's ordered form: `{ name: children, ":@": attributes }` and `{ "#text": … }`. */
function toElements(nodes: unknown, depth: number): XmlElement[] {
  if (!Array.isArray(nodes)) return [];
  if (depth > MAX_DEPTH) throw new Error(`nested deeper than ${MAX_DEPTH}`);
  return nodes.flatMap((node: Record<string, unknown>): XmlElement[] => {
    const name = Object.keys(node).find((key) => key !== ":@");
    if (name === undefined || name === "#text") return [];
    const inner = node[name];
    return [{
      name,
      attributes: new Map(
        Object.entries(node[":@"] ?? {}).map(([key, value]) => [
          key,
          String(value),
        ]),
      ),
      children: toElements(inner, depth + 1),
      text: textOf(inner),
    }];
  });
}

function textOf(nodes: unknown): string {
  if (!Array.isArray(nodes)) return "";
  return nodes.map((node: Record<string, unknown>) => node["#text"] ?? "")
    .join("").trim();
}
