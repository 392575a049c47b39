// What is seen of a film before it is fetched: a picture from its beginning, made where it is chosen.

const PATIENCE_MS = 5_000;
// How long after its end was reached the browser may say where that is.
const SOON_MS = 500;
// No message says that a file plays longer.
const LONGEST_S = 30 * 24 * 3600;

/**
 * What `paint` makes of the film at a second, or at a tenth of it where it is shorter than ten, with its own measures, and how
 * long it plays, in milliseconds, where that is known. Undefined where the browser can't show it, or takes too long.
 */
export const frame = async (file, paint) => {
  const url = URL.createObjectURL(file);
  const film = Object.assign(document.createElement("video"), { muted: true, playsInline: true, preload: "auto" });
  const late = AbortSignal.timeout(PATIENCE_MS);
  const happens = (name) => {
    const event = new Promise((resolve, reject) => {
      late.throwIfAborted();
      late.addEventListener("abort", () => reject(late.reason));
      film.addEventListener("error", () => reject(film.error), { once: true });
      film.addEventListener(name, resolve, { once: true });
    });
    // Not everything is waited for.
    event.catch(() => {});
    return event;
  };
  const goTo = async (seconds) => {
    const there = happens("seeked");
    film.currentTime = seconds;
    await there;
  };
  try {
    const known = happens("loadedmetadata");
    film.src = url;
    await known;
    // What was recorded as it went says nothing of its length; whoever goes to its end finds it.
    if (film.duration === Infinity) {
      const measured = happens("durationchange");
      await goTo(LONGEST_S);
      await Promise.race([measured, new Promise((resolve) => setTimeout(resolve, SOON_MS))]);
    }
    const { duration, videoWidth: width, videoHeight: height } = film;
    if (!width || !height) return undefined;
    const isKnown = Number.isFinite(duration) && duration > 0 && duration < LONGEST_S;
    await goTo(isKnown ? Math.min(1, duration / 10) : 1);
    return { canvas: paint(film, width, height), width, height, ms: isKnown ? Math.round(duration * 1000) : undefined };
  } catch {
    return undefined;
  } finally {
    film.removeAttribute("src");
    film.load();
    URL.revokeObjectURL(url);
  }
};
