// Reports: the queue, what one reveals, taken up and closed.

import { ask, withQuery } from "{{admin-asking.js}}";
import { button, dialog, empty, facts, field, fill, h, select, tell, why } from "{{admin-parts.js}}";
import { moment, say, size } from "{{admin-texts.js}}";

const REPORTS = "/api/v1/admin/reports";

export function reports({ place, self, over, open }) {
  const results = h("div", { class: "admin-list" });
  const state = select({ name: "state" }, ["open", "taken", "closed"].map((state) => [state, say(`admin-report-${state}`)]));
  const page = (after) => ask("GET", withQuery(REPORTS, { state: state.value, after }));
  const row = (report) =>
    h(
      "li",
      {},
      h(
        "button",
        { type: "button", class: "admin-row", click: () => show(report.id) },
        h("span", { class: "admin-row-name" }, `@${report.username}`),
        h("span", { class: "label" }, say(`admin-category-${report.category}`)),
        h("span", { class: "about" }, say("admin-report-by", { name: report.reporter, time: moment(report.made_at_ms) })),
      ),
    );
  const list = async () => {
    const first = await page();
    if (first.reports.length === 0) return empty(say("admin-no-report"), say("admin-no-report-about"));
    const rows = h("ul", { class: "admin-rows" }, first.reports.map(row));
    let { next } = first;
    const more = button(
      say("admin-more"),
      async () => {
        more.disabled = true;
        try {
          const following = await page(next);
          rows.append(...following.reports.map(row));
          ({ next } = following);
          more.hidden = !next;
        } catch (error) {
          if (error.isOver) return over();
          tell(why(error));
        }
        more.disabled = false;
      },
      "admin-more",
    );
    more.hidden = !next;
    return [rows, more];
  };
  const anew = () => fill(results, list, over);
  state.addEventListener("change", anew);

  const show = (id) => fill(place, () => details(id), over);

  async function details(id) {
    const path = `${REPORTS}/${id}`;
    const report = await ask("GET", path);
    const acts = [];
    if (report.state !== "closed") {
      if (report.handled_by !== self.username) {
        acts.push(
          button(say("admin-report-take"), async () => {
            try {
              await ask("POST", `${path}/take`);
            } catch (error) {
              if (error.isOver) return over();
              tell(why(error));
            }
            show(id);
          }),
        );
      }
      acts.push(button(say("admin-report-close"), () => close(report, path), "primary"));
    }
    acts.push(button(say("admin-report-person", { name: report.username }), () => open("accounts", report.username)));
    return [
      button(say("admin-back"), () => reports({ place, self, over, open }), "quiet small admin-back"),
      h("h2", { class: "admin-title" }, say("admin-report-on", { name: report.username })),
      facts(
        [say("admin-category"), say(`admin-category-${report.category}`)],
        [say("admin-reporter"), `@${report.reporter}`],
        [say("admin-made"), moment(report.made_at_ms)],
        [say("admin-state"), say(`admin-report-${report.state}`)],
        report.handled_by && [say("admin-handled-by"), `@${report.handled_by}`],
        report.message && [say("admin-report-sent"), moment(report.message.received_at_ms)],
        report.closing && [say("admin-outcome"), say(`admin-outcome-${report.closing.outcome}`)],
        report.closing?.answer && [say("admin-answer"), words(report.closing.answer)],
      ),
      report.note && h("h3", {}, say("admin-note")),
      report.note && h("blockquote", { class: "admin-quote", dir: "auto" }, words(report.note)),
      report.message && h("h3", {}, say("admin-revealed")),
      report.message && (report.revealed ? revealed(report.revealed) : h("p", { class: "about" }, say("admin-not-proven"))),
      h("div", { class: "admin-buttons" }, acts),
    ].filter(Boolean);
  }

  async function close(report, path) {
    const outcome = select({ name: "outcome" }, ["acted", "dismissed"].map((outcome) => [outcome, say(`admin-outcome-${outcome}`)]));
    const answer = h("textarea", { class: "field", name: "answer", rows: 4, maxLength: 1000 });
    const done = await dialog({
      title: say("admin-report-close"),
      text: say("admin-report-close-about"),
      rows: [field(say("admin-outcome"), outcome), field(say("admin-answer"), answer, say("admin-answer-about", { name: report.reporter }))],
      does: say("admin-report-close"),
      act: () => ask("POST", `${path}/close`, { outcome: outcome.value, answer: answer.value.trim() }),
      over,
    });
    if (done) {
      tell(say("admin-report-was-closed"));
      reports({ place, self, over, open });
    }
  }

  place.replaceChildren(
    h("h2", { class: "admin-title" }, say("admin-reports")),
    h("div", { class: "admin-tools" }, field(say("admin-which"), state)),
    results,
  );
  anew();
}

/** A stranger's text, if it is one, without what turns the direction of what stands around it. */
const words = (text) => (typeof text === "string" ? text.replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "") : "");

/** What a report reveals, which may be anything. What opens with a key, or is of a later version, is read in a terminal. */
function revealed({ content }) {
  const unreadable = () => h("p", { class: "about" }, say("admin-read-in-terminal"));
  try {
    const bytes = Uint8Array.from(atob(content.replace(/-/g, "+").replace(/_/g, "/")), (character) => character.charCodeAt(0));
    if (bytes[0] !== 1) return unreadable();
    const { text, file } = read(bytes, 1).value ?? {};
    const said = text ?? file;
    if (!said) return unreadable();
    const files = Array.isArray(said.files) ? said.files : [];
    return h(
      "blockquote",
      { class: "admin-quote", dir: "auto" },
      said.reply_to && h("p", { class: "about" }, `${say("admin-answers")} ${words(said.reply_to.excerpt)}`),
      said.body && h("p", { class: "admin-said" }, words(said.body)),
      files.map((file) => h("p", {}, h("bdi", {}, words(file?.name)), ` · ${size(Number(file?.size) || 0)}`)),
    );
  } catch (error) {
    console.warn("what a report reveals can't be read:", error);
    return unreadable();
  }
}

/** An item of CBOR (RFC 8949), of the kinds that content has: numbers, bytes, texts, lists, maps, true, false, null. */
export function read(bytes, at, depth = 0) {
  if (depth > 16 || at >= bytes.length) throw new RangeError("no such item");
  const [kind, short] = [bytes[at] >> 5, bytes[at] & 31];
  at += 1;
  let length = short;
  if (short >= 24) {
    const width = { 24: 1, 25: 2, 26: 4, 27: 8 }[short];
    if (!width || at + width > bytes.length) throw new RangeError("no such length");
    length = bytes.subarray(at, at + width).reduce((number, byte) => number * 256 + byte, 0);
    at += width;
  }
  const items = (wanted) => {
    const found = [];
    while (found.length < wanted) {
      const item = read(bytes, at, depth + 1);
      found.push(item.value);
      at = item.end;
    }
    return found;
  };
  const piece = () => {
    if (at + length > bytes.length) throw new RangeError("it ends before its end");
    return bytes.subarray(at, (at += length));
  };
  let value;
  if (kind === 0) value = length;
  else if (kind === 1) value = -1 - length;
  else if (kind === 2) value = piece();
  else if (kind === 3) value = new TextDecoder("utf-8", { fatal: true }).decode(piece());
  else if (kind === 4) value = items(length);
  else if (kind === 5) {
    const flat = items(2 * length);
    value = Object.create(null);
    for (let place = 0; place < flat.length; place += 2) value[String(flat[place])] = flat[place + 1];
  } else if (kind === 7 && [20, 21, 22].includes(short)) value = { 20: false, 21: true, 22: null }[short];
  else throw new TypeError("an item of another kind");
  return { value, end: at };
}
