// The administration pages. They have no key, no password and no access token: a code in the address's fragment is traded for a
// cookie that no script can read and that ends soon.

import { accounts, rankOf, roleName } from "{{admin-accounts.js}}";
import { ask } from "{{admin-asking.js}}";
import { bans } from "{{admin-bans.js}}";
import { invitations } from "{{admin-invitations.js}}";
import { log } from "{{admin-log.js}}";
import { button, dialog, empty, h, refusal } from "{{admin-parts.js}}";
import { reports } from "{{admin-reports.js}}";
import { server } from "{{admin-server.js}}";
import { settings } from "{{admin-settings.js}}";
import { loadTexts, say } from "{{admin-texts.js}}";

const VISITS = "/api/v1/admin/visits";
/** Each with the least role that may see it. */
const SECTIONS = [
  ["accounts", accounts, "moderator"],
  ["reports", reports, "moderator"],
  ["bans", bans, "moderator"],
  ["invitations", invitations, "administrator"],
  ["log", log, "administrator"],
  ["settings", settings, "administrator"],
  ["server", server, "moderator"],
];

const shell = document.getElementById("admin");

function shows(...what) {
  shell.removeAttribute("aria-busy");
  shell.replaceChildren(...what);
}

function closed(title, text, error) {
  document.querySelectorAll("dialog").forEach((dialog) => dialog.close());
  shows(h("main", { class: "admin-closed" }, h("h1", { class: "sr" }, say("admin-title")), empty(title, text), error && refusal(error)));
}

const over = () => closed(say("admin-over"), say("admin-how-to-open"));

/** The code of the address, which does not stay in it. */
function codeOfAddress() {
  const code = location.hash.slice(1);
  if (code) history.replaceState(null, "", location.pathname);
  return /^[A-Za-z0-9_-]{43}$/.test(code) ? code : null;
}

async function start() {
  const code = codeOfAddress();
  await loadTexts();
  document.title = say("admin-title");
  try {
    if (code) {
      // A link of somebody else's must not put their visit in the place of one's own unseen.
      const now = await here();
      if (now && !(await givesWay(now))) return enter();
      await ask("POST", VISITS, { code });
    }
  } catch (error) {
    return closed(say("admin-not-let-in"), say("admin-how-to-open"), error);
  }
  await enter();
}

/** Who is here already, by an earlier link. */
async function here() {
  try {
    return await ask("GET", "/api/v1/admin/self");
  } catch (error) {
    if (error.isOver) return null;
    throw error;
  }
}

/** Whether the visit that is going on gives way to that of the link. */
function givesWay(now) {
  shows(h("main", { class: "admin-closed" }));
  return dialog({
    title: say("admin-here-already", { name: now.username }),
    text: say("admin-here-already-about"),
    does: say("admin-go-on"),
    act: () => ask("DELETE", VISITS),
    over: () => {},
  });
}

async function enter() {
  let self;
  try {
    self = await ask("GET", "/api/v1/admin/self");
  } catch (error) {
    if (error.isOver) return closed(say("admin-title"), say("admin-how-to-open"));
    return closed(say("admin-not-let-in"), say("admin-how-to-open"), error);
  }
  const place = h("main", { class: "admin-place", tabIndex: -1 });
  const tabs = new Map();
  const open = (name, subject) => {
    const [, section] = SECTIONS.find(([found]) => found === name);
    for (const [found, tab] of tabs) {
      if (found === name) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
    }
    place.turn = (place.turn ?? 0) + 1;
    place.removeAttribute("aria-busy");
    section({ place, self, over, open, subject });
    scrollTo(0, 0);
  };
  for (const [name, , least] of SECTIONS) {
    if (rankOf(self.role) < rankOf(least)) continue;
    tabs.set(name, h("button", { type: "button", class: "admin-tab", click: () => open(name) }, say(`admin-${name}`)));
  }
  const leave = button(
    say("admin-leave"),
    async () => {
      try {
        await ask("DELETE", VISITS);
      } catch (error) {
        if (!error.isOver) return closed(say("admin-failed"), say("admin-how-to-open"), error);
      }
      closed(say("admin-left"), say("admin-how-to-open"));
    },
    "small",
  );
  shows(
    h(
      "header",
      { class: "admin-head" },
      h("h1", {}, say("admin-title")),
      h("p", { class: "about grow" }, `@${self.username} · ${roleName(self.role)}`),
      leave,
    ),
    h("nav", { class: "admin-nav", "aria-label": say("admin-sections") }, [...tabs.values()]),
    place,
  );
  open("accounts");
}

addEventListener("hashchange", () => location.hash.length > 1 && location.reload());
start().catch((error) => {
  console.error(error);
  shows(h("main", { class: "admin-closed" }, h("p", { role: "alert" }, "Huis can't show this page. Load it anew.")));
});
