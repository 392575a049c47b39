// Accounts: searched, shown, suspended, given a role, deleted.

import { ask, withQuery } from "{{admin-asking.js}}";
import { button, dialog, empty, endsIn, facts, field, fill, h, input, refusal, secondsOf, select, tell } from "{{admin-parts.js}}";
import { count, day, moment, say, size } from "{{admin-texts.js}}";

const ROLES = ["member", "moderator", "administrator", "super-administrator"];
const ACCOUNTS = "/api/v1/admin/accounts";

export const rankOf = (role) => ROLES.indexOf(role);
export const roleName = (role) => say(`admin-role-${role}`);
const isAbove = (self, role) => rankOf(self.role) > rankOf(role);

function standing(account) {
  if (account.deleted_at_ms) return h("span", { class: "label" }, say("admin-deleted"));
  if (account.suspension) return h("span", { class: "label is-bad" }, say("admin-suspended"));
  return account.role === "member" ? null : h("span", { class: "label is-good" }, roleName(account.role));
}

export function accounts({ place, self, over, subject }) {
  let kind = "";
  const results = h("div", { class: "admin-list" });
  const search = input({ type: "search", name: "search", spellcheck: false, autocapitalize: "none", maxLength: 32 });
  const which = select({ name: "which" }, [
    ["", say("admin-all")],
    ["suspended", say("admin-suspended")],
    ...ROLES.slice(1).map((role) => [role, roleName(role)]),
  ]);
  const page = (after) => {
    const query = { search: search.value.trim(), after, suspended: kind === "suspended" && "true", role: kind !== "suspended" && kind };
    return ask("GET", withQuery(ACCOUNTS, query));
  };
  const row = (account) =>
    h(
      "li",
      {},
      h(
        "button",
        { type: "button", class: "admin-row", click: () => show(account.username) },
        h("span", { class: "admin-row-name" }, `@${account.username}`),
        standing(account),
        h("span", { class: "about" }, account.seen_on_ms ? say("admin-seen", { day: day(account.seen_on_ms) }) : say("admin-never-seen")),
      ),
    );
  const list = async () => {
    const first = await page();
    if (first.accounts.length === 0) return empty(say("admin-no-account"), say("admin-no-account-about"));
    const rows = h("ul", { class: "admin-rows" }, first.accounts.map(row));
    const more = (next) =>
      next &&
      button(
        say("admin-more"),
        async (event) => {
          const asker = event.currentTarget;
          asker.disabled = true;
          try {
            const following = await page(next);
            rows.append(...following.accounts.map(row));
            asker.replaceWith(more(following.next) ?? "");
          } catch (error) {
            if (error.isOver) return over();
            asker.replaceWith(refusal(error), more(next));
          }
        },
        "admin-more",
      );
    return [rows, more(first.next)].filter(Boolean);
  };
  let waits;
  const anew = () => fill(results, list, over);
  search.addEventListener("input", () => {
    clearTimeout(waits);
    waits = setTimeout(anew, 250);
  });
  which.addEventListener("change", () => {
    kind = which.value;
    anew();
  });

  const show = (username) => fill(place, () => details(username), over);

  async function details(username) {
    const path = `${ACCOUNTS}/${encodeURIComponent(username)}`;
    const account = await ask("GET", path);
    const { signed_in, file_bytes } = account;
    const again = (done, text) => {
      if (!done) return;
      tell(text);
      show(username);
    };
    const mayAct = isAbove(self, account.role) && account.username !== self.username && !account.deleted_at_ms;
    const isAdministrator = rankOf(self.role) >= 2;
    const { suspension } = account;
    const acts = [];
    if (mayAct) {
      acts.push(
        button(say("admin-end-sessions"), async () =>
          again(
            await dialog({
              title: say("admin-end-sessions-title", { name: username }),
              text: say("admin-end-sessions-about"),
              does: say("admin-end-sessions"),
              act: () => ask("POST", `${path}/sessions/end`),
              over,
            }),
            say("admin-sessions-ended", { name: username }),
          ),
        ),
      );
      if (suspension) {
        acts.push(
          button(
            say("admin-lift"),
            async () =>
              again(
                await dialog({
                  title: say("admin-lift-title", { name: username }),
                  does: say("admin-lift"),
                  act: () => ask("POST", `${path}/lift`),
                  over,
                }),
                say("admin-lifted", { name: username }),
              ),
            "primary",
          ),
        );
      } else {
        acts.push(button(say("admin-suspend"), () => suspend(username, path, again)));
      }
    }
    const mayGive = isAdministrator && !account.deleted_at_ms && (mayAct || (account.username === self.username && self.role === "super-administrator"));
    if (mayGive) acts.push(button(say("admin-set-role"), () => setRole(account, path, again)));
    if (mayAct && isAdministrator) {
      acts.push(
        button(
          say("admin-delete"),
          async () =>
            again(
              await dialog({
                title: say("admin-delete-title", { name: username }),
                text: say("admin-delete-about"),
                does: say("admin-delete"),
                act: () => ask("DELETE", path),
                name: username,
                isDanger: true,
                over,
              }),
              say("admin-was-deleted", { name: username }),
            ),
          "danger",
        ),
      );
    }
    return [
      button(say("admin-back"), () => accounts({ place, self, over }), "quiet small admin-back"),
      h("h2", { class: "admin-title" }, `@${username} `, standing(account)),
      suspension &&
        h(
          "div",
          { class: "admin-notice" },
          h("p", {}, say("admin-suspended-because", { reason: suspension.reason })),
          h(
            "p",
            { class: "about" },
            suspension.ends_at_ms ? say("admin-ends-at", { time: moment(suspension.ends_at_ms) }) : say("admin-ends-never"),
            " · ",
            say("admin-set-by", { name: suspension.set_by }),
          ),
        ),
      facts(
        [say("admin-role"), roleName(account.role)],
        [say("admin-made"), day(account.created_at_ms)],
        [say("admin-seen-on"), account.seen_on_ms ? day(account.seen_on_ms) : say("admin-never-seen")],
        [say("admin-devices"), count(account.devices)],
        [say("admin-sessions"), count(account.sessions)],
        [say("admin-files"), size(file_bytes)],
        account.deleted_at_ms && [say("admin-deleted"), moment(account.deleted_at_ms)],
      ),
      acts.length > 0 && h("div", { class: "admin-buttons" }, acts),
      h("h3", {}, say("admin-signed-in")),
      signed_in.length === 0
        ? h("p", { class: "about" }, say("admin-nowhere"))
        : h(
            "ul",
            { class: "admin-rows" },
            signed_in.map((session) =>
              h(
                "li",
                { class: "admin-row" },
                h("span", { class: "admin-row-name admin-id" }, session.device),
                h("span", { class: "about" }, say("admin-session-days", { began: day(session.began_on_ms), seen: day(session.seen_on_ms) })),
              ),
            ),
          ),
    ].filter(Boolean);
  }

  async function suspend(username, path, again) {
    const reason = input({ name: "reason", required: true, maxLength: 200 });
    const ends = endsIn();
    const done = await dialog({
      title: say("admin-suspend-title", { name: username }),
      text: say("admin-suspend-about"),
      rows: [field(say("admin-reason"), reason, say("admin-reason-about")), field(say("admin-until"), ends)],
      does: say("admin-suspend"),
      isDanger: true,
      act: () => ask("POST", `${path}/suspend`, { reason: reason.value, ends_in_s: secondsOf(ends) }),
      over,
    });
    again(done, say("admin-was-suspended", { name: username }));
  }

  async function setRole(account, path, again) {
    const most = self.role === "super-administrator" ? ROLES.length : rankOf(self.role);
    const role = select({ name: "role" }, ROLES.slice(0, most).map((role) => [role, roleName(role)]));
    role.value = account.role;
    const done = await dialog({
      title: say("admin-set-role-title", { name: account.username }),
      rows: [field(say("admin-role"), role)],
      does: say("admin-set-role"),
      act: () => ask("PUT", `${path}/role`, { role: role.value }),
      over,
    });
    again(done, say("admin-role-given", { name: account.username }));
  }

  place.replaceChildren(
    h("h2", { class: "admin-title" }, say("admin-accounts")),
    h("div", { class: "admin-tools" }, field(say("admin-search"), search, say("admin-search-about")), field(say("admin-which"), which)),
    results,
  );
  if (subject) show(subject);
  else anew();
}
