// Bans of names, addresses and networks.

import { ask } from "{{admin-asking.js}}";
import { rankOf } from "{{admin-accounts.js}}";
import { button, dialog, empty, endsIn, field, fill, h, input, secondsOf, select, tell } from "{{admin-parts.js}}";
import { moment, say } from "{{admin-texts.js}}";

const BANS = "/api/v1/admin/bans";

/** What is banned, as a text. */
const nameOf = ({ target }) => (target.name !== undefined ? `@${target.name}` : target.network);

export function bans({ place, self, over }) {
  const results = h("div", { class: "admin-list" });
  const anew = () => fill(results, list, over);

  async function list() {
    const all = await ask("GET", BANS);
    if (all.length === 0) return empty(say("admin-no-ban"), say("admin-no-ban-about"));
    return h("ul", { class: "admin-rows" }, all.map(row));
  }

  function row(ban) {
    const what = nameOf(ban);
    const mayLift = rankOf(self.role) >= rankOf(ban.set_by_role);
    const lift = async () => {
      const done = await dialog({
        title: say("admin-ban-lift-title", { what }),
        does: say("admin-lift"),
        act: () => ask("DELETE", `${BANS}/${ban.id}`),
        over,
      });
      if (done) {
        tell(say("admin-ban-lifted", { what }));
        anew();
      }
    };
    return h(
      "li",
      { class: "admin-row" },
      h("span", { class: "admin-row-name" }, what),
      h("span", {}, ban.reason),
      h(
        "span",
        { class: "about" },
        ban.ends_at_ms ? say("admin-ends-at", { time: moment(ban.ends_at_ms) }) : say("admin-ends-never"),
        " · ",
        say("admin-set-by", { name: ban.set_by }),
      ),
      mayLift && h("button", { type: "button", class: "button small", "aria-label": say("admin-ban-lift-title", { what }), click: lift }, say("admin-lift")),
    );
  }

  async function add() {
    const kind = select({ name: "kind" }, [["network", say("admin-ban-network")], ["name", say("admin-ban-name")]]);
    const target = input({ name: "target", required: true, spellcheck: false, autocapitalize: "none" });
    const reason = input({ name: "reason", required: true, maxLength: 200 });
    const ends = endsIn();
    const own = h("p", { class: "form-wrong", role: "alert", hidden: true }, say("admin-ban-own", { address: self.address }));
    const warn = () => (own.hidden = kind.value !== "network" || !holds(target.value.trim(), self.address));
    target.addEventListener("input", warn);
    kind.addEventListener("change", warn);
    let what = "";
    const done = await dialog({
      title: say("admin-ban-title"),
      rows: [
        field(say("admin-ban-kind"), kind),
        field(say("admin-ban-target"), target, say("admin-ban-target-about")),
        own,
        field(say("admin-reason"), reason, say("admin-reason-about")),
        field(say("admin-until"), ends),
      ],
      does: say("admin-ban"),
      isDanger: true,
      act: async () => {
        const text = target.value.trim();
        const named = kind.value === "name" ? { name: text.replace(/^@/, "") } : { network: text };
        const { ban } = await ask("POST", BANS, { target: named, reason: reason.value, ends_in_s: secondsOf(ends) });
        what = nameOf(ban);
      },
      over,
    });
    if (done) {
      tell(say("admin-banned", { what }));
      anew();
    }
  }

  place.replaceChildren(
    h("h2", { class: "admin-title" }, say("admin-bans")),
    h("div", { class: "admin-buttons" }, button(say("admin-ban"), add, "primary")),
    results,
  );
  anew();
}

/** Whether a network holds an address, both IPv4, or are the same text: a warning before the server refuses it. */
export function holds(network, address) {
  const [base, prefix = "32"] = network.split("/");
  const [one, other] = [base, address].map(bits);
  if (one === null || other === null) return base !== "" && base === address;
  const length = Number(prefix);
  if (!/^\d{1,2}$/.test(prefix) || length > 32) return false;
  return length === 0 || one >>> (32 - length) === other >>> (32 - length);
}

function bits(text) {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text.replace(/^::ffff:/i, ""))?.slice(1).map(Number);
  if (!parts || parts.some((part) => part > 255)) return null;
  return parts.reduce((number, part) => number * 256 + part, 0) >>> 0;
}
