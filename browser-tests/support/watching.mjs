// What happens on a page while one scrolls or waits, as the page itself sees it: frames, long tasks, rows.

/** Put into each page of a context before anything else runs there. */
export const WATCHER = `(${install})()`;

/** Runs in the page. */
function install() {
  const watch = { first: {}, longTasks: [] };
  globalThis.huisWatch = watch;
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) watch.longTasks.push({ at: task.startTime, ms: task.duration });
  }).observe({ type: "longtask", buffered: true });

  // When something first stood on the page, in milliseconds since it was asked for.
  const looked = {
    entry: '[data-view="entry"][data-state="welcome"], #username',
    ready: '.list-rows[data-state="ready"]',
  };
  const look = () => {
    for (const [name, selector] of Object.entries(looked)) {
      if (watch.first[name] === undefined && document.querySelector(selector)) watch.first[name] = performance.now();
    }
    if (watch.first.ready === undefined) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);

  const scroller = () => document.getElementById("timeline");
  const rows = () => [...document.querySelectorAll("#timeline-rows > [data-position]")];
  const number = (row) => /number (\d+)/i.exec(row.textContent)?.[1];

  /** Begins to watch the timeline, frame by frame, until \`watch.stop()\` gives what was seen. */
  watch.start = () => {
    const seen = { gaps: [], steps: [0, 0], jumps: [], nodes: 0, rows: 0, atTop: 0, twice: [], disorder: 0, numbers: new Set() };
    const began = performance.now();
    let last = began;
    let anchors = new Map();
    let isOn = true;
    const frame = (now) => {
      if (!isOn) return;
      seen.gaps.push(now - last);
      last = now;
      const view = scroller()?.getBoundingClientRect();
      if (view) {
        const here = new Map();
        let before = -Infinity;
        const all = rows();
        seen.rows = Math.max(seen.rows, all.length);
        const inFrame = new Set();
        for (const row of all) {
          const position = Number(row.dataset.position);
          if (position <= before) seen.disorder += 1;
          before = position;
          if (inFrame.has(row.id)) seen.twice.push(row.id);
          inFrame.add(row.id);
        }
        // By halves, as the page does: what is in sight, and where.
        let [low, high] = [0, all.length];
        while (low < high) {
          const middle = (low + high) >> 1;
          if (all[middle].getBoundingClientRect().bottom <= view.top) low = middle + 1;
          else high = middle;
        }
        for (let index = low; index < all.length; index++) {
          const top = all[index].getBoundingClientRect().top;
          if (top >= view.bottom) break;
          here.set(all[index].id, top);
          const said = number(all[index]);
          if (said) seen.numbers.add(Number(said));
        }
        const kept = [...here.keys()].find((id) => anchors.has(id));
        if (kept) {
          const step = here.get(kept) - anchors.get(kept);
          seen.steps = [Math.min(seen.steps[0], step), Math.max(seen.steps[1], step)];
        }
        // Nothing of what was in sight a frame ago is there any more: whoever reads has lost the place.
        else if (anchors.size > 0 && here.size > 0) seen.jumps.push(Math.round(now - began));
        anchors = here;
        if (scroller().scrollTop === 0) seen.atTop += 1;
      }
      seen.nodes = Math.max(seen.nodes, document.getElementsByTagName("*").length);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame((now) => {
      last = now;
      requestAnimationFrame(frame);
    });
    watch.count = () => seen.numbers.size;
    watch.stop = () => {
      isOn = false;
      const longTasks = watch.longTasks.filter((task) => task.at >= began);
      return { ...seen, numbers: [...seen.numbers].sort((a, b) => a - b), longTasks, ms: performance.now() - began };
    };
  };

  /** Notes when messages with a number stand on the page, by the clock. */
  watch.shown = new Map();
  watch.listen = () => {
    const take = () => {
      const all = rows();
      for (const row of all.slice(-20)) {
        const said = number(row);
        // What is in the page now is drawn with the next frame.
        if (said && !watch.shown.has(said)) {
          watch.shown.set(said, undefined);
          requestAnimationFrame(() => watch.shown.set(said, performance.timeOrigin + performance.now()));
        }
      }
    };
    take();
    new MutationObserver(take).observe(document.getElementById("timeline-rows"), { childList: true, subtree: true });
  };

  /** When keys were pressed that send, by the clock. */
  watch.pressed = [];
  addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Enter") watch.pressed.push(performance.timeOrigin + performance.now());
    },
    true,
  );
}

/** The value below which this share of the values lies. */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** A figure for `docs/long-run.json`. */
export function figure(name, value) {
  console.log(`HUIS_FIGURE ${JSON.stringify({ name, value })}`);
}

export const round = (value) => Math.round(value * 10) / 10;
