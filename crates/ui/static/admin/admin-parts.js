// What every section is made of. Nothing is ever written as HTML: texts of strangers stay texts.

import { say } from "{{admin-texts.js}}";

/** An element. Of `properties`, functions listen, `class` and names with a dash are attributes. */
export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || (value === false && !(name in element))) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else if (name in element && name !== "list") element[name] = value;
    else element.setAttribute(name === "class" ? "class" : name, value === true ? "" : value);
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const button = (text, click, kind = "") => h("button", { type: "button", class: `button ${kind}`, click }, text);

/** What a refusal says to whoever reads it. */
export function why(error) {
  if (error.code === "unreachable") return say("admin-unreachable");
  if (error.status === 429) return say("admin-too-often", { seconds: error.retryAfter ?? 60 });
  return error.message || say("admin-failed");
}

/** The same with its code small below. */
export function refusal(error, again) {
  return h(
    "div",
    { class: "admin-refused", role: "alert" },
    h("p", {}, why(error)),
    error.code && h("p", { class: "about admin-code" }, error.code),
    again && button(say("admin-again"), again, "small"),
  );
}

export const empty = (title, text) => h("div", { class: "nothing" }, h("h2", {}, title), text && h("p", {}, text));
export const loading = () =>
  h("div", { class: "skeleton for-list", "aria-label": say("admin-loading"), role: "status" }, [1, 2, 3].map(() => h("div", { class: "skeleton-line" })));

/** Fills `place` with what `make` gives, and says meanwhile that it comes, or why it does not. */
export async function fill(place, make, over) {
  const turn = (place.turn = (place.turn ?? 0) + 1);
  const hadFocus = place.contains(document.activeElement);
  place.replaceChildren(loading());
  place.setAttribute("aria-busy", "true");
  let made;
  try {
    made = await make();
  } catch (error) {
    if (error.isOver) return over();
    if (error.code === undefined) console.error(error);
    made = refusal(error, () => fill(place, make, over));
  }
  if (place.turn !== turn) return;
  place.replaceChildren(...[made].flat());
  place.removeAttribute("aria-busy");
  // What had the focus went with what stood there.
  if (hadFocus) place.closest("main")?.focus({ preventScroll: true });
}

const SVG = "http://www.w3.org/2000/svg";
/** A QR code from its rows of `1` (dark) and `0`, with the quiet ground around it that a camera needs. */
export function code(rows, label) {
  const dark = rows.flatMap((row, y) => Array.from(row, (module, x) => (module === "1" ? `M${x + 4} ${y + 4}h1v1h-1z` : "")));
  const [drawing, path] = [document.createElementNS(SVG, "svg"), document.createElementNS(SVG, "path")];
  path.setAttribute("d", dark.join(""));
  for (const [name, value] of [["class", "code-drawn"], ["viewBox", `0 0 ${rows.length + 8} ${rows.length + 8}`], ["role", "img"], ["aria-label", label]]) {
    drawing.setAttribute(name, value);
  }
  drawing.append(path);
  return drawing;
}

/** A list of terms and what they are. */
export const facts = (...pairs) =>
  h("dl", { class: "admin-facts" }, pairs.filter(Boolean).map(([term, what]) => h("div", {}, h("dt", {}, term), h("dd", {}, what))));

let fields = 0;
/** A labelled field; `about` explains it. */
export function field(label, control, about) {
  control.id ||= `field-${(fields += 1)}`;
  const note = about && h("p", { class: "about", id: `${control.id}-about` }, about);
  if (note) control.setAttribute("aria-describedby", note.id);
  return h("div", { class: "form-row" }, h("label", { htmlFor: control.id }, label), control, note);
}

export const input = (properties) => h("input", { class: "field", autocomplete: "off", ...properties });
export const select = (properties, options) =>
  h("select", { class: "field", ...properties }, options.map(([value, text]) => h("option", { value }, text)));

export const ENDS = [["", "admin-ends-never"], ["3600", "admin-ends-hour"], ["86400", "admin-ends-day"], ["604800", "admin-ends-week"], ["2592000", "admin-ends-month"]];
export const endsIn = () => select({ name: "ends" }, ENDS.map(([value, key]) => [value, say(key)]));
export const secondsOf = (control) => (control.value ? Number(control.value) : undefined);

/**
 * Asks before something is done. `act` gives what to say afterwards, or throws; `name`, if there is one, has to be typed.
 * @returns {Promise<boolean>} whether it was done
 */
export function dialog({ title, text, rows = [], act, does, name, isDanger, over }) {
  return new Promise((resolve) => {
    let [done, isAsking] = [false, false];
    const typed = name && input({ name: "typed", spellcheck: false, autocapitalize: "none", input: () => ready() });
    const go = h("button", { type: "submit", class: isDanger ? "button danger" : "button primary" }, does);
    const wrong = h("div", { role: "status" });
    const cancel = button(say("admin-cancel"), () => shown.close());
    const ready = () => {
      cancel.disabled = isAsking;
      go.disabled = isAsking || (Boolean(name) && typed.value.trim().replace(/^@/, "") !== name);
    };
    const heading = h("h2", { id: "dialog-title" }, title);
    const form = h(
      "form",
      {
        class: "form",
        method: "dialog",
        submit: async (event) => {
          event.preventDefault();
          isAsking = true;
          ready();
          try {
            await act();
            done = true;
            shown.close();
          } catch (error) {
            if (error.isOver) return shown.close(), over();
            wrong.replaceChildren(refusal(error));
            isAsking = false;
            ready();
          }
        },
      },
      heading,
      text && h("p", {}, text),
      rows,
      typed && field(say("admin-type-name", { name }), typed),
      wrong,
      h("div", { class: "admin-buttons" }, cancel, go),
    );
    const shown = h("dialog", { class: "admin-dialog", "aria-labelledby": "dialog-title" }, form);
    // What was asked for can't be called back: it is said what became of it.
    shown.addEventListener("cancel", (event) => isAsking && event.preventDefault());
    shown.addEventListener("close", () => {
      shown.remove();
      resolve(done);
    });
    ready();
    document.body.append(shown);
    shown.showModal();
  });
}

let told;
/** Says that something was done. */
export function tell(text) {
  document.querySelector(".admin-told")?.remove();
  clearTimeout(told);
  const note = h("p", { class: "admin-told", role: "status" }, text);
  document.body.append(note);
  told = setTimeout(() => note.remove(), 6000);
}
