// Invitations: who made them and how far they are used; made with a link that is shown once, as a text and to be scanned.

import { ask } from "{{admin-asking.js}}";
import { button, code, dialog, empty, field, fill, h, input, select, tell } from "{{admin-parts.js}}";
import { count, moment, say } from "{{admin-texts.js}}";

const INVITATIONS = "/api/v1/admin/invitations";
const LIVES = [["3600", "admin-for-hour"], ["86400", "admin-for-day"], ["604800", "admin-for-week"], ["2592000", "admin-for-month"], ["7776000", "admin-for-quarter"]];

export function invitations({ place, over }) {
  const results = h("div", { class: "admin-list" });
  const made = h("div", { class: "admin-list", role: "status" });
  const anew = () => fill(results, list, over);

  async function list() {
    const all = await ask("GET", INVITATIONS);
    if (all.length === 0) return empty(say("admin-no-invitation"), say("admin-no-invitation-about"));
    // The newest is looked for.
    return h("ul", { class: "admin-rows" }, all.reverse().map(row));
  }

  function row(invitation) {
    const name = say("admin-invitation-by", { name: invitation.made_by, time: moment(invitation.made_at_ms) });
    const revoke = async () => {
      const done = await dialog({
        title: say("admin-revoke-title"),
        text: `${name}. ${say("admin-revoke-about")}`,
        does: say("admin-revoke"),
        isDanger: true,
        act: () => ask("DELETE", `${INVITATIONS}/${invitation.id}`),
        over,
      });
      if (done) {
        tell(say("admin-revoked"));
        // The link of another one is shown this once.
        if (made.dataset.of === invitation.id) made.replaceChildren();
        anew();
      }
    };
    const used = invitation.uses - invitation.uses_left;
    return h(
      "li",
      { class: "admin-row" },
      h("span", { class: "admin-row-name" }, name),
      h("span", { class: used ? "label is-good" : "label" }, used ? say("admin-used", { count: count(used), uses: count(invitation.uses) }) : say("admin-unused")),
      h("span", { class: "about" }, say("admin-uses-left", { count: count(invitation.uses_left) }), " · ", say("admin-ends-at", { time: moment(invitation.expires_at_ms) })),
      h("button", { type: "button", class: "button small", "aria-label": `${say("admin-revoke")}: ${name}`, click: revoke }, say("admin-revoke")),
    );
  }

  async function make() {
    const uses = input({ name: "uses", type: "number", min: 1, max: 1000, value: "1", required: true, inputMode: "numeric" });
    const life = select({ name: "life" }, LIVES.map(([seconds, key]) => [seconds, say(key)]));
    life.value = "604800";
    let invitation;
    const done = await dialog({
      title: say("admin-invite"),
      rows: [field(say("admin-uses"), uses, say("admin-uses-about")), field(say("admin-good-for"), life)],
      does: say("admin-invite"),
      act: async () => {
        invitation = await ask("POST", INVITATIONS, { uses: Number(uses.value), expires_in_s: Number(life.value), at: location.origin });
      },
      over,
    });
    if (done) {
      show(invitation);
      anew();
    }
  }

  function show({ id, invitation, link }) {
    made.dataset.of = id;
    const shown = link?.address ?? invitation;
    const copy = button(
      say("admin-copy"),
      async () => {
        try {
          await navigator.clipboard.writeText(shown);
          tell(say("admin-copied"));
        } catch {
          tell(say("admin-copy-yourself"));
        }
      },
      "small",
    );
    made.replaceChildren(
      h("p", {}, say(link ? "admin-invitation-made" : "admin-invitation-code")),
      h("p", { class: "admin-link" }, shown),
      h("div", { class: "admin-buttons" }, copy),
      ...(link ? [code(link.rows, say("admin-invitation-drawn"))] : []),
    );
  }

  place.replaceChildren(
    h("h2", { class: "admin-title" }, say("admin-invitations")),
    h("p", { class: "about" }, say("admin-invitations-about")),
    h("div", { class: "admin-buttons" }, button(say("admin-invite"), make, "primary")),
    made,
    results,
  );
  anew();
}
