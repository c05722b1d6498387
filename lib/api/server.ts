// The annotator's server: listens on this machine and gives its address.

import { randomBytes } from "node:crypto";
import { messageOf } from "../base/errors.ts";
import type { Desks } from "./desks.ts";
import { createHandler, type Handler } from "./handler.ts";

/** How the page is reached. */
export type ServeOptions = {
  /** 0 (default) takes a free one. */
  readonly port?: number;
  /** Default 127.0.0.1: nobody else reaches it. */
  readonly hostname?: string;
  /**
   * Where a proxy shows this server, a path or a whole address; `{port}` is
   * replaced: `/user/me/proxy/{port}/`, `https://hub.example.org/proxy/{port}/`.
   */
  readonly baseUrl?: string;
  /** Further names by which browsers reach it, such as `hub.example.org`. */
  readonly hosts?: readonly string[];
  /** Pages that may show the annotator in a frame, as CSP names them. */
  readonly frameAncestors?: readonly string[];
  readonly log?: (line: string) => void;
};

/** A running server. */
export type AnnotatorServer = {
  /** The page's address with its token; a path where the proxy's host is not known. */
  readonly url: string;
  /** The same on this machine, whatever a proxy does. */
  readonly localUrl: string;
  readonly port: number;
  /** Stops answering; desks stay open. */
  close(): Promise<void>;
};

/** Serves the annotator page; throws when the port is taken. */
export function serveAnnotator(
  desks: Desks,
  {
    port: wanted = 0,
    hostname = "127.0.0.1",
    baseUrl,
    hosts = [],
    frameAncestors,
    log,
  }: ServeOptions = {},
): AnnotatorServer {
  const token = randomBytes(24).toString("base64url");
  const own = new Set(hosts.map((host) => host.toLowerCase()));
  const handler = createHandler({
    token,
    hosts: own,
    learnsHost: baseUrl?.startsWith("/") ? { name: undefined } : undefined,
    desks,
    frameAncestors,
    log,
  });
  const leaving = new AbortController();
  const server = listen(
    { port: wanted, hostname, signal: leaving.signal },
    handler,
  );
  const { port } = server.addr;
  for (const name of ["127.0.0.1", "localhost", "[::1]", hostname]) {
    own.add(`${name}:${port}`);
  }
  const base = baseUrl?.replaceAll("{port}", String(port)).replace(/\/*$/, "/");
  if (base && URL.canParse(base)) own.add(new URL(base).host);
  const localUrl = `http://${
    hostname === "0.0.0.0" ? "127.0.0.1" : hostname
  }:${port}/${token}/`;
  return {
    url: base ? `${base}${token}/` : localUrl,
    localUrl,
    port,
    close: async () => {
      leaving.abort(); // pages wait for news for long
      await server.finished.catch(() => {});
    },
  };
}

function listen(
  options: {
    readonly port: number;
    readonly hostname: string;
    readonly signal: AbortSignal;
  },
  handler: Handler,
) {
  try {
    return Deno.serve({ ...options, onListen: () => {} }, handler);
  } catch (cause) {
    const { hostname, port } = options;
    throw new Error(
      `Cannot listen on ${hostname}:${port}: ${
        messageOf(cause)
      }. Expected an address of this machine and a port that is free`,
      { cause },
    );
  }
}
