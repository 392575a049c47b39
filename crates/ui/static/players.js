// Sound and film that play in messages. What media tell does not rise, so it is caught on its way down to them; and all that is
// shown of one follows from where it stands, so that nothing is lost when the page draws a message anew.

const SPEEDS = [1, 1.5, 2];

const clock = (seconds) => {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
};

// How long a voice note is, in milliseconds; 0 where neither its message nor the sound itself says so.
const lengthOf = (card, { duration }) => Number(card.dataset.ms) || (Number.isFinite(duration) ? duration * 1000 : 0);

const mediaOf = (card) => card.querySelector("audio, video");

// A voice note as it stands.
const show = (card) => {
  const sound = mediaOf(card);
  const length = lengthOf(card, sound);
  const at = Math.min(length || Infinity, sound.currentTime * 1000);
  const isPlaying = !sound.paused && !sound.ended;
  card.dataset.state = sound.error ? "failed" : isPlaying ? "playing" : "paused";
  card.style.setProperty("--played", length > 0 ? `${(100 * at) / length}%` : "0%");
  const place = card.querySelector(".voice-place");
  place.max = length;
  place.disabled = length === 0;
  place.value = at;
  place.setAttribute("aria-valuetext", clock(at / 1000));
  const whole = length > 0 ? clock(Math.max(1, length / 1000)) : "";
  card.querySelector(".voice-time").textContent = at > 0 || isPlaying ? clock(at / 1000) : whole;
  const button = card.querySelector(".voice-play");
  button.title = isPlaying ? button.dataset.pause : button.dataset.play;
  button.setAttribute("aria-label", button.title);
  card.querySelector(".voice-speed").textContent = `${sound.playbackRate}×`;
};

for (const name of ["play", "pause", "ended", "timeupdate", "seeked", "ratechange", "durationchange", "error"]) {
  addEventListener(
    name,
    ({ target }) => {
      if (!(target instanceof HTMLMediaElement)) return;
      const film = target.closest(".film");
      if (film && (name === "play" || name === "error")) {
        film.dataset.state = name === "play" ? "playing" : "failed";
        target.controls = name === "play";
      }
      // One at a time.
      if (name === "play") {
        for (const other of document.querySelectorAll("audio, video")) if (other !== target) other.pause();
      }
      const card = target.closest(".voice");
      if (!card) return;
      // From its beginning the next time.
      if (name === "ended") target.currentTime = 0;
      show(card);
    },
    true,
  );
}

addEventListener("click", ({ target }) => {
  const button = target instanceof Element && target.closest(".voice-play, .voice-speed, .film-play");
  const media = button && mediaOf(button.parentElement);
  if (!media) return;
  if (button.matches(".voice-speed")) {
    // The browser sets it back to the other one when it loads.
    const next = SPEEDS[(SPEEDS.indexOf(media.playbackRate) + 1) % SPEEDS.length];
    media.defaultPlaybackRate = media.playbackRate = next;
    show(button.parentElement);
  } else if (media.paused) {
    if (media.error) media.load();
    // What can't be played says so by an event.
    media.play().catch(() => {});
    // Its button goes.
    if (button.matches(".film-play")) media.focus();
  } else {
    media.pause();
  }
});

addEventListener("input", ({ target }) => {
  if (!(target instanceof Element) || !target.matches(".voice-place")) return;
  const card = target.closest(".voice");
  mediaOf(card).currentTime = Number(target.value) / 1000;
  show(card);
});
