// What the server says of itself, and its access passphrase.

import { ask } from "{{admin-asking.js}}";
import { rankOf } from "{{admin-accounts.js}}";
import { button, dialog, facts, fill, h } from "{{admin-parts.js}}";
import { moment, say } from "{{admin-texts.js}}";

export function server({ place, self, over }) {
  const results = h("div", { class: "admin-list" });
  const state = async (path) => {
    try {
      return (await fetch(path, { cache: "no-store" })).ok;
    } catch {
      return false;
    }
  };
  const list = async () => {
    const [info, alive, ready] = await Promise.all([ask("GET", "/api/v1/server"), state("/healthz"), state("/readyz")]);
    const standing = (is) => h("span", { class: `label ${is ? "is-good" : "is-bad"}` }, say(is ? "admin-well" : "admin-unwell"));
    return facts(
      [say("admin-alive"), standing(alive)],
      [say("admin-ready"), standing(ready)],
      [say("admin-version"), info.version],
      [say("admin-oldest-client"), info.oldest_client],
      [say("admin-server-time"), moment(info.server_time_ms)],
      [say("admin-kept"), say("admin-days", { days: Math.round(info.retention_s / 86400) })],
      [say("admin-own-address"), self.address],
      self.visit_ends_at_ms && [say("admin-visit-ends"), moment(self.visit_ends_at_ms)],
    );
  };
  const made = h("div", { role: "status" });
  const renew = button(say("admin-passphrase"), () =>
    dialog({
      title: say("admin-passphrase"),
      text: say("admin-passphrase-about"),
      does: say("admin-passphrase"),
      act: async () => {
        const { access_passphrase } = await ask("POST", "/api/v1/admin/access-passphrase");
        made.replaceChildren(h("p", {}, say("admin-passphrase-made")), h("p", { class: "admin-secret" }, access_passphrase));
      },
      over,
    }),
  );
  place.replaceChildren(
    h("h2", { class: "admin-title" }, say("admin-server")),
    results,
    ...(rankOf(self.role) >= 2 ? [h("h3", {}, say("admin-newcomers")), h("div", { class: "admin-buttons" }, renew), made] : []),
  );
  fill(results, list, over);
}
