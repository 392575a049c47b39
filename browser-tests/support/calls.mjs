// What a page calls with while nobody looks at it.

/** Runs in the page: keeps in `calls` with what a page calls, and has it not looked at where `looksAway` says so. */
export const CALLS = () => {
  globalThis.calls = [];
  const Shown = globalThis.Notification;
  globalThis.Notification = class extends Shown {
    constructor(title, options) {
      super(title, options);
      globalThis.calls.push(`${title} | ${options.body}`);
    }
  };
  const { hasFocus } = Document.prototype;
  Document.prototype.hasFocus = function () {
    return !globalThis.looksAway && hasFocus.call(this);
  };
};
