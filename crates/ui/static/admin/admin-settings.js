// Settings that change while the server runs, and its access passphrase.

import { ask } from "{{admin-asking.js}}";
import { button, dialog, field, fill, h, input, select, tell } from "{{admin-parts.js}}";
import { count, moment, say } from "{{admin-texts.js}}";

const SETTINGS = "/api/v1/admin/settings";

/** A value as people read it. */
const said = ({ choices }, value) => (choices?.length ? say(`admin-registration-${value}`) : count(Number(value)));
const nameOf = ({ name }) => say(`admin-setting-${name}`);

export function settings({ place, over }) {
  const results = h("div", { class: "admin-list" });
  const made = h("div", { role: "status" });
  const anew = () => fill(results, list, over);

  async function list() {
    const all = await ask("GET", SETTINGS);
    const byPassphrase = all.some(({ name, value }) => name === "registration" && value === "passphrase");
    return [
      h("ul", { class: "admin-rows" }, all.map(row)),
      byPassphrase && h("div", { class: "admin-buttons" }, button(say("admin-passphrase"), renew)),
    ].filter(Boolean);
  }

  function row(setting) {
    const name = nameOf(setting);
    const act = (does, click) => h("button", { type: "button", class: "button small", "aria-label": `${does}: ${name}`, click }, does);
    const changed = setting.set_by && [
      say("admin-configured", { value: said(setting, setting.configured) }),
      " · ",
      say("admin-changed-by", { name: setting.set_by, time: moment(setting.since_ms) }),
    ];
    return h(
      "li",
      { class: "admin-row" },
      h("span", { class: "admin-row-name" }, name),
      h("span", {}, said(setting, setting.value)),
      changed && h("span", { class: "about" }, changed),
      act(say("admin-change"), () => change(setting)),
      changed && act(say("admin-reset"), () => reset(setting)),
    );
  }

  async function change(setting) {
    const name = nameOf(setting);
    const value = setting.choices?.length
      ? select({ name: "value" }, setting.choices.map((choice) => [choice, said(setting, choice)]))
      : input({ name: "value", type: "number", min: setting.least, max: setting.most, required: true, inputMode: "numeric" });
    value.value = setting.value;
    const done = await dialog({
      title: say("admin-change-title", { name }),
      text: say(`admin-setting-${setting.name}-about`),
      rows: [field(name, value, say("admin-configured", { value: said(setting, setting.configured) }))],
      does: say("admin-change"),
      act: () => ask("PUT", `${SETTINGS}/${setting.name}`, { value: value.value }),
      over,
    });
    if (done) {
      tell(say("admin-changed", { name }));
      // A fresh passphrase is shown this once.
      if (setting.name === "registration") made.replaceChildren();
      anew();
    }
  }

  async function reset(setting) {
    const name = nameOf(setting);
    const done = await dialog({
      title: say("admin-reset-title", { name }),
      text: say("admin-configured", { value: said(setting, setting.configured) }),
      does: say("admin-reset"),
      act: () => ask("DELETE", `${SETTINGS}/${setting.name}`),
      over,
    });
    if (done) {
      tell(say("admin-changed", { name }));
      // A fresh passphrase is shown this once.
      if (setting.name === "registration") made.replaceChildren();
      anew();
    }
  }

  const renew = () =>
    dialog({
      title: say("admin-passphrase"),
      text: say("admin-passphrase-about"),
      does: say("admin-passphrase"),
      act: async () => {
        const { access_passphrase } = await ask("POST", "/api/v1/admin/access-passphrase");
        made.replaceChildren(h("p", {}, say("admin-passphrase-made")), h("p", { class: "admin-secret" }, access_passphrase));
      },
      over,
    });

  place.replaceChildren(
    h("h2", { class: "admin-title" }, say("admin-settings")),
    h("p", { class: "about" }, say("admin-settings-about")),
    results,
    made,
  );
  anew();
}
