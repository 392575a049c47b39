// The pages' texts: Fluent's plain form alone, a line a text, with `{ $name }` for what is filled in.

const FILES = {
  en: [new URL("{{texts-admin-en.ftl}}", import.meta.url), "sha256-{{texts-admin-en.ftl sha256}}"],
  fr: [new URL("{{texts-admin-fr.ftl}}", import.meta.url), "sha256-{{texts-admin-fr.ftl sha256}}"],
};

let texts = new Map();
let language = "en";

const kept = (name) => {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
};

/** Loads the texts of the language that is spoken here; what the messenger was set to counts. */
export async function loadTexts() {
  const spoken = [kept("huis-language"), navigator.language].map((tag) => /^(en|fr)\b/i.exec(tag ?? "")?.[1].toLowerCase());
  language = spoken.find(Boolean) ?? "en";
  const [file, integrity] = FILES[language];
  const answer = await fetch(file, { integrity });
  if (!answer.ok) throw new Error(`${answer.status}`);
  for (const line of (await answer.text()).split("\n")) {
    const at = line.indexOf(" = ");
    if (at > 0) texts.set(line.slice(0, at), line.slice(at + 3));
  }
  document.documentElement.lang = language;
  const theme = kept("huis-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
}

/** A text, with what is filled in. */
export function say(key, values = {}) {
  return (texts.get(key) ?? key).replace(/\{ \$([a-z]+) \}/g, (_, name) => String(values[name] ?? ""));
}

/** A day, as the server counts them (UTC). */
export const day = (ms) => new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone: "UTC" }).format(ms);
/** A moment, in the time of this device. */
export const moment = (ms) => new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(ms);
export const count = (number) => new Intl.NumberFormat(language).format(number);

export function size(bytes) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  const form = { style: "unit", unit: units[unit], unitDisplay: "short", maximumFractionDigits: value < 10 && unit ? 1 : 0 };
  return new Intl.NumberFormat(language, form).format(value);
}
