// How the server is asked. The cookie of a visit counts beside this header alone, which no other site's page can send.

const CLIENT = "huis-admin/0.1.0";

/** What the server refused, or that it did not answer (`code` is "unreachable"). */
export class Refused extends Error {
  constructor(code, status, title, retryAfter) {
    super(title);
    Object.assign(this, { code, status, retryAfter });
  }

  /** Whether somebody has to come in anew. */
  get isOver() {
    return this.status === 401;
  }
}

/** The answer's JSON; none of an answer without a body. */
export async function ask(method, path, body) {
  const headers = { "huis-client": CLIENT };
  if (body !== undefined) headers["content-type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store" });
  } catch {
    throw new Refused("unreachable", 0, "");
  }
  const text = await answer.text();
  let read = null;
  try {
    if (text) read = JSON.parse(text);
  } catch {
    if (answer.ok) throw new Refused("bad-answer", answer.status, "");
  }
  if (answer.ok) return read;
  throw new Refused(read?.code ?? "unknown", answer.status, read?.title ?? "", Number(answer.headers.get("retry-after")) || null);
}

/** A path with its query, without what is empty. */
export function withQuery(path, query) {
  const kept = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "" && value !== false);
  return kept.length ? `${path}?${new URLSearchParams(kept)}` : path;
}
