// What is spoken into the page. It is in the page's memory alone until it is asked for, and nothing sends it by itself.

// What browsers record, and how such a file's name ends.
const FORMS = [
  ["audio/webm;codecs=opus", "webm"],
  ["audio/mp4", "m4a"],
];
const BITS_PER_SECOND = 32_000;
const LONGEST_MS = 60 * 60_000;
// More than that is not held in memory, whatever a browser makes of the bits.
const MOST_BYTES = 32 * 1024 * 1024;
// How often one listens how loud it is.
const LISTEN_MS = 100;
// In how many parts it is said how loud the whole was.
const PEAKS = 64;

// Why nobody can be heard, by the name of the browser's error.
const WHY = { NotAllowedError: "refused", SecurityError: "refused", NotFoundError: "missing" };

const listener = (stream) => {
  const audio = new AudioContext();
  const analyser = new AnalyserNode(audio, { fftSize: 2048 });
  audio.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const loudness = () => {
    analyser.getFloatTimeDomainData(samples);
    return samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  };
  return { loudness, close: () => audio.close() };
};

// In a byte each. By the root, as an ear hears it.
const peaksOf = (heard) => {
  const count = Math.min(PEAKS, Math.max(1, heard.length));
  const part = (at) => heard.slice(Math.floor((at * heard.length) / count), Math.floor(((at + 1) * heard.length) / count));
  const loudest = (all) => all.reduce((most, one) => Math.max(most, one), 0);
  return Uint8Array.from({ length: count }, (_, at) => Math.round(255 * Math.sqrt(loudest(part(at)))));
};

/**
 * Begins to record. `tell` hears ("recording", milliseconds) each second, and once why it has ended: "stopped" where that was
 * wished, "hidden", "lost" (the microphone), "full". Throws why it can't begin: "refused", "missing", "unable".
 */
export const record = async (tell) => {
  const form = FORMS.find(([type]) => MediaRecorder.isTypeSupported(type));
  if (!form) throw "unable";
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  } catch ({ name }) {
    throw WHY[name] ?? "unable";
  }
  try {
    return recording(stream, form, tell);
  } catch {
    hangUp(stream);
    throw "unable";
  }
};

const hangUp = (stream) => stream.getTracks().forEach((track) => track.stop());

const recording = (stream, [type, ending], tell) => {
  const parts = [];
  const heard = [];
  let size = 0;
  let ms = 0;
  let hasEnded = false;
  const recorder = new MediaRecorder(stream, { mimeType: type, audioBitsPerSecond: BITS_PER_SECOND });
  const whole = new Promise((resolve) => (recorder.onstop = resolve));
  const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
  recorder.start(1000);
  // Not before: what listens stays open where it can't begin.
  const ear = listener(stream);
  const began = performance.now();

  const stop = (why) => {
    if (hasEnded) return;
    hasEnded = true;
    ms = Math.round(performance.now() - began);
    clearInterval(listening);
    if (recorder.state !== "inactive") recorder.stop();
    hangUp(stream);
    ear.close();
    tell(why, ms);
  };
  const listening = setInterval(() => {
    const loud = Math.min(1, ear.loudness());
    heard.push(loud);
    if (!isStill) document.getElementById("voice-level")?.style.setProperty("--level", Math.sqrt(loud).toFixed(2));
    const now = performance.now() - began;
    if (now >= LONGEST_MS) stop("full");
    else if (Math.floor(now / 1000) > Math.floor(ms / 1000)) tell("recording", (ms = now));
  }, LISTEN_MS);
  recorder.ondataavailable = ({ data }) => {
    size += data.size;
    parts.push(data);
    if (size > MOST_BYTES) stop("full");
  };
  recorder.onerror = () => stop("lost");
  for (const track of stream.getTracks()) track.onended = () => stop("lost");

  const onHidden = () => document.hidden && stop("hidden");
  // A page that is closed takes it along: the browser asks first.
  const onLeaving = (event) => event.preventDefault();
  document.addEventListener("visibilitychange", onHidden);
  addEventListener("beforeunload", onLeaving);
  onHidden();

  return {
    stop,

    // Ends it, and gives what was spoken: the file, how long it is, and how loud. Undefined where nothing came.
    async whole() {
      stop("stopped");
      await whole;
      const file = new File(parts, `voice-note.${ending}`, { type: type.split(";")[0] });
      return file.size > 0 ? { file, ms, peaks: peaksOf(heard) } : undefined;
    },

    // Ends it without a word, and forgets all of it.
    drop() {
      tell = () => {};
      stop("stopped");
      parts.length = 0;
      document.removeEventListener("visibilitychange", onHidden);
      removeEventListener("beforeunload", onLeaving);
    },
  };
};
