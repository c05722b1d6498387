// Talking to the server: addresses, JSON, refusals. Every address is relative to
// the page, which lies under a secret path.

import type { Refusal } from "../contract.ts";

/** The server answered, but did not do it. */
export class Refused extends Error {
  constructor(readonly status: number, readonly refusal: Refusal) {
    super(refusal.error);
  }
}

/** Fetches JSON; throws {@link Refused} where the server says no. */
export async function fetchJson<T>(
  address: string,
  { method = "GET", body, signal }: {
    method?: "GET" | "POST" | "DELETE";
    body?: unknown;
    signal?: AbortSignal;
  } = {},
): Promise<T> {
  const response = await fetch(address, {
    method,
    signal,
    // The server takes nothing but JSON from a page, an empty body included.
    headers: method === "GET" ? {} : { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  // A proxy that cannot reach the server says so with these.
  if ([502, 503, 504].includes(response.status)) {
    throw new TypeError(`The server is away: ${response.status}`);
  }
  if (!response.ok) {
    throw new Refused(response.status, await readRefusal(response));
  }
  // The contract gives the answer its type; the server is the same program.
  return await response.json() as T;
}

/** The address of a frame's picture. */
export function pictureAddress(
  sequence: number,
  frame: number,
  kind: "jpeg" | "png" | "thumbnail",
): string {
  return `api/sequences/${sequence}/frames/${frame}/picture?kind=${kind}`;
}

async function readRefusal(response: Response): Promise<Refusal> {
  const text = await response.text();
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null && "error" in body) {
      return body as Refusal; // it has an error, which is all that is required
    }
  } catch {
    // Not ours: a proxy's page, or nothing.
  }
  return { error: `${response.status} ${response.statusText}` };
}
