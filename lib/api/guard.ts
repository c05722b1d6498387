// Who may speak to the server: pages that it has served itself.
//
// It listens on this machine only, yet every page in the person's browser can
// send requests there. So a request must name the server by an address that is
// its own (Host: a foreign name that points here is refused), must not come from
// another page (Origin), and must know the secret token that stands at the
// beginning of every path. What is refused changes nothing and leaves one line.

import { timingSafeEqual } from "node:crypto";

/** What a request must fit. */
export type Gate = {
  /** The first part of every path. */
  readonly token: string;
  /** `127.0.0.1:8123`, as the Host header has it. */
  readonly hosts: Set<string>;
  /**
   * Behind a proxy whose name is not known: the first name by which a request
   * with the right token comes through it is taken as the server's.
   */
  readonly learnsHost?: { name: string | undefined };
};

/** Why a request is refused. */
export type Denial = { readonly status: number; readonly reason: string };

const methods = ["GET", "POST", "DELETE"];

/** A body of this many bytes is a mask of 8K video; more is refused. */
export const mostBodyBytes = 8 * 2 ** 20;

/** Judges a request by its head; undefined lets it in. */
export function findDenial(
  request: Request,
  gate: Gate,
): Denial | undefined {
  const { token, hosts } = gate;
  const { method, headers } = request;
  const host = headers.get("host") ?? new URL(request.url).host;
  learnHost(request, host.toLowerCase(), gate);
  if (!hosts.has(host.toLowerCase())) {
    return { status: 403, reason: `host ${host} is not this server's` };
  }
  const origin = headers.get("origin");
  if (origin !== null && !isOwnOrigin(origin, hosts)) {
    return { status: 403, reason: `origin ${origin} is another page's` };
  }
  if (!methods.includes(method)) {
    return { status: 405, reason: `method ${method} is not used here` };
  }
  const isForeign = headers.get("sec-fetch-site") === "cross-site";
  if (isForeign && method !== "GET") {
    return { status: 403, reason: "another page's request" };
  }
  const [given] = pathOf(request);
  if (!isSameText(given, token)) {
    return { status: 403, reason: "the token is missing or wrong" };
  }
  return findBodyDenial(request);
}

/** A proxy says which part of the path it took away; a page that was tricked here cannot know the token. */
function learnHost(
  request: Request,
  host: string,
  { token, hosts, learnsHost }: Gate,
) {
  if (!learnsHost || learnsHost.name !== undefined) return;
  const isProxied = request.headers.has("x-forwarded-prefix") ||
    request.headers.has("x-forwarded-context");
  if (!isProxied || !isSameText(pathOf(request)[0], token)) return;
  learnsHost.name = host;
  hosts.add(host);
}

/** The parts of a path, decoded; a path that cannot be decoded has none. */
export function pathOf({ url }: Request): readonly string[] {
  try {
    return new URL(url).pathname.slice(1).split("/").map(decodeURIComponent);
  } catch {
    return [""];
  }
}

function findBodyDenial({ body, headers }: Request): Denial | undefined {
  // without a length and without chunks there is no body in HTTP/1.1
  const length = headers.get("content-length") ?? "0";
  const isEmpty = length === "0" && !headers.has("transfer-encoding");
  if (body === null || isEmpty) return undefined;
  const type = headers.get("content-type") ?? "";
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    return { status: 415, reason: `the body is ${type || "of no type"}` };
  }
  if (Number(length) > mostBodyBytes) {
    return { status: 413, reason: `a body of ${length} bytes` };
  }
  return undefined;
}

/** Reads a body up to the limit; undefined when it is longer, whatever its head said. */
export async function readBody(
  request: Request,
): Promise<string | undefined> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of request.body ?? []) {
    bytes += part.length;
    if (bytes > mostBodyBytes) return undefined;
    parts.push(part);
  }
  return new TextDecoder().decode(await new Blob(parts as BlobPart[]).bytes());
}

function isOwnOrigin(origin: string, hosts: ReadonlySet<string>): boolean {
  const match = /^https?:\/\/([^/]+)$/.exec(origin.toLowerCase());
  return match !== null && hosts.has(match[1]);
}

/** Compares in the same time whatever the texts are. */
function isSameText(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => new TextEncoder().encode(text));
  return left.length === right.length && timingSafeEqual(left, right);
}
