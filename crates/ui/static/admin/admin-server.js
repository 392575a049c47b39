// What the server says of itself.

import { ask } from "{{admin-asking.js}}";
import { facts, fill, h } from "{{admin-parts.js}}";
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
      [say("admin-setting-registration"), say(`admin-registration-${info.registration}`)],
      [say("admin-version"), info.version],
      [say("admin-oldest-client"), info.oldest_client],
      [say("admin-server-time"), moment(info.server_time_ms)],
      [say("admin-kept"), say("admin-days", { days: Math.round(info.retention_s / 86400) })],
      [say("admin-own-address"), self.address],
      self.visit_ends_at_ms && [say("admin-visit-ends"), moment(self.visit_ends_at_ms)],
    );
  };
  place.replaceChildren(h("h2", { class: "admin-title" }, say("admin-server")), results);
  fill(results, list, over);
}
