// The audit log, newest first, and whether its chain holds from its beginning. The hashes are computed here: the server's word is not taken.

import { ask, withQuery } from "{{admin-asking.js}}";
import { button, empty, fill, h, refusal } from "{{admin-parts.js}}";
import { count, moment, say } from "{{admin-texts.js}}";

const AUDIT = "/api/v1/admin/audit";
const PAGE = 200;

export function log({ place, over }) {
  const results = h("div", { class: "admin-list" });
  const verdict = h("p", { role: "status" });
  const row = (entry) =>
    h(
      "tr",
      {},
      h("td", {}, count(entry.number)),
      h("td", {}, moment(entry.at_ms)),
      h("td", {}, `@${entry.actor_name}`, h("br", {}), h("span", { class: "about" }, entry.address)),
      h("td", {}, h("code", {}, entry.action)),
      h("td", {}, entry.subject),
      h("td", {}, entry.before || entry.after ? `${entry.before || "–"} → ${entry.after || "–"}` : ""),
    );
  const heads = ["number", "time", "actor", "action", "subject", "change"];
  const list = async () => {
    const first = await ask("GET", withQuery(AUDIT, { newest_first: true, most: PAGE }));
    if (first.entries.length === 0) return empty(say("admin-no-entry"));
    const body = h("tbody", {}, first.entries.map(row));
    let last = first.entries.at(-1).number;
    const more = button(
      say("admin-more"),
      async () => {
        more.disabled = true;
        try {
          const { entries } = await ask("GET", withQuery(AUDIT, { newest_first: true, most: PAGE, before: last }));
          body.append(...entries.map(row));
          last = entries.at(-1)?.number ?? last;
          more.hidden = entries.length < PAGE;
        } catch (error) {
          if (error.isOver) return over();
          verdict.replaceChildren(refusal(error));
        }
        more.disabled = false;
      },
      "admin-more",
    );
    more.hidden = first.entries.length < PAGE;
    const table = h(
      "div",
      { class: "admin-table", tabIndex: 0, role: "region", "aria-label": say("admin-log") },
      h("table", {}, h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, say(`admin-log-${head}`))))), body),
    );
    return [table, more];
  };
  const check = button(say("admin-verify"), async () => {
    check.disabled = true;
    verdict.replaceChildren(say("admin-verifying"));
    try {
      const { broken, number, hash } = await verify();
      verdict.className = broken ? "form-wrong" : "label is-good";
      verdict.replaceChildren(broken ? say("admin-broken", { number: broken }) : say("admin-holds", { mark: `${number}:${hash}` }));
    } catch (error) {
      if (error.isOver) return over();
      verdict.replaceChildren(refusal(error));
    }
    check.disabled = false;
  });
  place.replaceChildren(
    h("h2", { class: "admin-title" }, say("admin-log")),
    h("p", { class: "about" }, say("admin-log-about")),
    h("div", { class: "admin-buttons" }, check),
    verdict,
    results,
  );
  fill(results, list, over);
}

const LABEL = new TextEncoder().encode("huis audit v1");

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const ofHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const ofBase64 = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (character) => character.charCodeAt(0));

/** The hash that belongs to an entry behind one with this hash, as `AuditEntry::chained` computes it. */
async function chained(entry, previous) {
  const numbers = new DataView(new ArrayBuffer(16));
  numbers.setBigUint64(0, BigInt(entry.number));
  numbers.setBigUint64(8, BigInt(entry.at_ms));
  const parts = [LABEL, previous, new Uint8Array(numbers.buffer), ofHex(entry.actor)];
  for (const text of [entry.actor_name, entry.address, entry.action, entry.subject, entry.before, entry.after]) {
    const bytes = new TextEncoder().encode(text);
    const length = new DataView(new ArrayBuffer(4));
    length.setUint32(0, bytes.length);
    parts.push(new Uint8Array(length.buffer), bytes);
  }
  const whole = new Uint8Array(await new Blob(parts).arrayBuffer());
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
}

/** Reads all of the log and follows its chain: where it is broken, or its newest number and hash. */
async function verify() {
  let [number, hash] = [0, new Uint8Array(32)];
  for (;;) {
    const { entries } = await ask("GET", withQuery(AUDIT, { most: PAGE, after: number || undefined }));
    for (const entry of entries) {
      const next = await chained(entry, hash);
      if (entry.number !== number + 1 || hex(next) !== hex(ofBase64(entry.hash))) return { broken: number + 1 };
      [number, hash] = [entry.number, next];
    }
    if (entries.length < PAGE) break;
  }
  return number === 0 ? { broken: 1 } : { number, hash: hex(hash) };
}
