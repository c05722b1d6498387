// The HTTP interface: a request in, an answer out.
//
// Nothing of a path ever names a file: the page's own files are a fixed list, and
// everything else goes by numbers. Errors are answered with what was tried and
// found; only those that nobody foresaw are a 500.

import { z } from "zod";
import { messageOf } from "../base/errors.ts";
import { DifferentRunError } from "../work/run_identity.ts";
import { ConflictError } from "./actions.ts";
import type { Refusal } from "./contract.ts";
import type { Desks } from "./desks.ts";
import { findDenial, type Gate, pathOf, readBody } from "./guard.ts";
import { type PageFile, readPageFile } from "./page_files.ts";
import { BusyError } from "./propagation.ts";
import { findRoute, type RouteAnswer } from "./routes.ts";

/** Answers requests. */
export type Handler = (request: Request) => Promise<Response>;

/** What a handler is made from. */
export type HandlerOptions = Gate & {
  readonly desks: Desks;
  /** Pages that may show the annotator in a frame, as CSP names them; none by default. */
  readonly frameAncestors?: readonly string[];
  /** Takes one line for each request that was refused. */
  readonly log?: (line: string) => void;
};

/** Makes the handler of a server. */
export function createHandler(options: HandlerOptions): Handler {
  const { desks, log = () => {} } = options;
  return async (request) => {
    const refuse = (status: number, refusal: Refusal) => {
      log(refusalLine(request, status, refusal.error, options.token));
      return json(status, refusal);
    };
    const denial = findDenial(request, options);
    if (denial) {
      await request.body?.cancel().catch(() => {}); // nobody wants to hear it
      return refuse(denial.status, { error: denial.reason });
    }
    const [, ...path] = pathOf(request);
    try {
      if (path.length === 0) return redirect(`${options.token}/`);
      const file = request.method === "GET"
        ? await readPageFile(path.join("/"))
        : undefined;
      if (file) return sendFile(file, options.frameAncestors ?? []);
      const route = findRoute(request.method, path);
      if (!route) {
        return refuse(404, {
          error: `there is no ${request.method} ${path.join("/")}`,
        });
      }
      const body = request.method === "POST" ? await readBody(request) : "";
      if (body === undefined) {
        return refuse(413, { error: "the body is too long" });
      }
      const { searchParams } = new URL(request.url);
      return send(
        await route({
          desks,
          body: parseJson(body),
          query: searchParams,
        }),
      );
    } catch (error) {
      const { status, ...refusal } = explain(error);
      return refuse(status, refusal);
    }
  };
}

function parseJson(text: string): unknown {
  return text === "" ? undefined : JSON.parse(text);
}

/** What an error means to whoever asked. */
function explain(error: unknown): Refusal & { readonly status: number } {
  if (error instanceof ConflictError) {
    return { status: 409, error: messageOf(error), code: "conflict" };
  }
  if (error instanceof DifferentRunError) {
    return { status: 409, error: messageOf(error), code: "differs" };
  }
  if (error instanceof BusyError) {
    return { status: 409, error: messageOf(error), code: "busy" };
  }
  if (error instanceof z.ZodError) {
    return { status: 400, error: z.prettifyError(error) };
  }
  const isWrong = error instanceof RangeError || error instanceof SyntaxError;
  return { status: isWrong ? 400 : 500, error: messageOf(error) };
}

function send(answer: RouteAnswer): Response {
  if (answer.kind === "json") return json(200, answer.value);
  const headers: Record<string, string> = {
    ...safeHeaders,
    "content-type": answer.type,
    "cache-control": answer.isLasting ? "private, max-age=3600" : "no-store",
  };
  if (answer.fileName !== undefined) {
    headers["content-disposition"] =
      `attachment; filename="${answer.fileName}"`;
  }
  return new Response(answer.bytes, { headers });
}

function sendFile({ bytes, type }: PageFile, ancestors: readonly string[]) {
  return new Response(bytes, {
    headers: {
      ...safeHeaders,
      "content-type": type,
      "cache-control": "no-store",
      "content-security-policy": [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        `frame-ancestors ${ancestors.join(" ") || "'none'"}`,
      ].join("; "),
    },
  });
}

const safeHeaders = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer", // the token is in the address
  "cross-origin-resource-policy": "same-origin",
};

function json(status: number, value: unknown): Response {
  return Response.json(value, {
    status,
    headers: { ...safeHeaders, "cache-control": "no-store" },
  });
}

/** Relative, so that a proxy's prefix stays. */
function redirect(location: string): Response {
  return new Response(null, {
    status: 308,
    headers: { ...safeHeaders, location },
  });
}

/** One line, whatever was sent, and without the token. */
function refusalLine(
  { method, url }: Request,
  status: number,
  reason: string,
  token: string,
): string {
  const { pathname } = new URL(url);
  const line = `refused ${status} ${method} ${pathname}: ${reason}`;
  const plain = line.replaceAll(token, "…")
    .replace(/[\p{Cc}\u2028\u2029]+/gu, " ");
  return plain.length > 300 ? `${plain.slice(0, 299)}…` : plain;
}
