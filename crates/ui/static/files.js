// Files as the page has them: what a person chooses goes to the worker, and bytes of what others sent come back. What a
// browser does with pictures is said here in its own language, and costs the page's module nothing.

// Pictures that are decoded, whoever says that they are some. Nothing else is ever given to a decoder, or shown by its type.
const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"];
// A picture larger than this is fetched like any other file.
const LARGEST_PICTURE = 64 * 1024 * 1024;
// What is read at once.
const PIECE = 1024 * 1024;
// The longest side of a small picture.
const SIDE = 400;

const digits = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const painted = (image, width, height) => {
  const scale = Math.min(1, SIDE / Math.max(width, height));
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
  const paper = canvas.getContext("2d");
  // JPEG has no holes.
  paper.fillStyle = "#fff";
  paper.fillRect(0, 0, canvas.width, canvas.height);
  paper.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas;
};

// What is seen of a picture or a film in a message: small, and its own measures. Undefined where it is none.
const small = async (file) => {
  try {
    if (file.type.startsWith("video/")) {
      const { frame } = await import("{{film.js}}");
      return await frame(file, painted);
    }
    if (!PICTURES.includes(file.type) || file.size > LARGEST_PICTURE) return undefined;
    const image = await createImageBitmap(file);
    const { width, height } = image;
    const canvas = painted(image, width, height);
    image.close();
    return width <= 65535 && height <= 65535 ? { canvas, width, height } : undefined;
  } catch {
    return undefined;
  }
};

// As JPEG, of at most so many bytes.
const pressed = async (canvas, most) => {
  for (let side = 1; side > 0.1; side *= 0.6) {
    const less = new OffscreenCanvas(Math.max(1, canvas.width * side), Math.max(1, canvas.height * side));
    less.getContext("2d").drawImage(canvas, 0, 0, less.width, less.height);
    for (const quality of [0.82, 0.65, 0.45]) {
      const made = await less.convertToBlob({ type: "image/jpeg", quality });
      if (made.size <= most) return new Uint8Array(await made.arrayBuffer());
    }
  }
  return undefined;
};

export const files = (worker) => {
  const chosen = new Map();
  let hear = () => {};
  // What was spoken, until it is dropped; and how often somebody wanted to speak, or no longer.
  let note;
  let hearNote = () => {};
  let turns = 0;

  const ask = (message, answered) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => answered(data, port1);
    worker.postMessage({ ...message, port: port2 }, [port2]);
  };

  // A piece of a file; a failure is thrown as the worker's own words.
  const read = (message, number, at, length) =>
    new Promise((resolve, reject) => {
      ask({ read: JSON.stringify({ message, number, at, length }) }, (answer, port) => {
        port.close();
        if (typeof answer === "string") reject(answer);
        else resolve(answer);
      });
    });

  async function* pieces({ message, number, size }) {
    for (let at = 0; at < size; ) {
      const piece = await read(message, number, at, PIECE);
      if (piece.length === 0) throw JSON.stringify("stopped");
      at += piece.length;
      yield piece;
    }
  }

  // All of a file, under a type that no browser runs.
  const whole = async (file, type, goesOn = () => true) => {
    const parts = [];
    for await (const piece of pieces(file)) {
      if (!goesOn()) return undefined;
      // A blob may lie where there is more room than in memory.
      parts.push(new Blob([piece]));
    }
    return new Blob(parts, { type });
  };

  const attach = (file) => {
    const path = digits();
    const picture = small(file);
    chosen.set(path, picture);
    hear(path, file.name || "file", file.size);
    ask({ take: path, file }, async (answer, port) => {
      if (typeof answer === "number") {
        hear(path, "", file.size > 0 ? answer / file.size : 1);
        return;
      }
      port.close();
      await picture;
      hear(path, answer === true ? "" : answer, answer === true ? 2 : -1);
    });
  };

  // Files can be chosen, dropped and pasted where one can write, and nothing else is in front.
  const canTake = () => document.querySelector(".composer") && !document.querySelector("dialog[open]");
  const brings = (transfer) => [...(transfer?.types ?? [])].includes("Files");
  const filesOf = (transfer) => {
    const folders = new Set();
    [...transfer.items].forEach((item, at) => {
      if (item.kind === "file" && item.webkitGetAsEntry?.()?.isDirectory) folders.add(at);
    });
    const items = [...transfer.items].map((item, at) => (folders.has(at) ? null : item.getAsFile()));
    return items.filter(Boolean);
  };
  let near = 0;
  const mark = () => document.body.toggleAttribute("data-drop", near > 0 && Boolean(canTake()));
  const drags = {
    dragenter: () => (near += 1),
    dragleave: () => (near -= 1),
    dragover: (event) => (event.dataTransfer.dropEffect = canTake() ? "copy" : "none"),
    drop: (event) => {
      near = 0;
      if (canTake()) filesOf(event.dataTransfer).forEach(attach);
    },
  };
  for (const [name, act] of Object.entries(drags)) {
    addEventListener(name, (event) => {
      if (!brings(event.dataTransfer)) return;
      // Else the browser would leave the page for what is dropped on it.
      event.preventDefault();
      act(event);
      mark();
    });
  }
  addEventListener("paste", (event) => {
    if (!brings(event.clipboardData) || !canTake()) return;
    const found = filesOf(event.clipboardData);
    if (found.length === 0) return;
    event.preventDefault();
    found.forEach(attach);
  });
  addEventListener("change", ({ target }) => {
    if (target.id !== "composer-files") return;
    [...target.files].forEach(attach);
    // The same file can be chosen again.
    target.value = "";
  });

  // The service worker asks for bytes of what plays.
  navigator.serviceWorker?.addEventListener("message", ({ data, ports }) => {
    if (!data?.read) return;
    const { message, number, at, length } = data.read;
    read(message, number, at, length).then(
      (bytes) => ports[0].postMessage(bytes, [bytes.buffer]),
      () => ports[0].postMessage(undefined),
    );
  });

  return {
    // Whether there is a service worker to play by.
    plays: () => Boolean(navigator.serviceWorker?.controller),

    // Who hears of what is chosen: (name of the copy, name of the file or why not, size or how much of it is there).
    // And who hears how a voice note stands, as `recorder.js` tells it.
    listen: (act, tell) => ([hear, hearNote] = [act, tell]),

    // Whether this browser records sound.
    records: () => Boolean(navigator.mediaDevices?.getUserMedia && globalThis.MediaRecorder),

    // Begins a voice note; false where nobody wants it any more. Throws why it can't.
    async record() {
      const turn = (turns += 1);
      try {
        const { record } = await import("{{recorder.js}}");
        const begun = await record(hearNote);
        if (turn !== turns) {
          begun.drop();
          return false;
        }
        note = begun;
        return true;
      } catch (why) {
        if (turn !== turns) return false;
        throw typeof why === "string" ? why : "unable";
      }
    },

    // Ends it, and keeps what there is.
    endNote: (why) => note?.stop(why),

    // Copies it to where what is chosen lies: [name of the copy, name, type, milliseconds, how loud it is]. Undefined where
    // nothing was recorded; a failure is thrown as the worker's own words.
    async copyNote() {
      const made = await note?.whole();
      if (!made) return undefined;
      const { file, ms, peaks } = made;
      const path = digits();
      await new Promise((resolve, reject) => {
        ask({ take: path, file }, (answer, port) => {
          if (typeof answer === "number") return;
          port.close();
          if (answer === true) resolve();
          else reject(answer);
        });
      });
      return [path, file.name, file.type, ms, peaks];
    },

    dropNote() {
      turns += 1;
      note?.drop();
      note = undefined;
    },

    // Its small picture, of at most so many bytes: undefined, or [bytes, width, height, milliseconds that it plays].
    async picture(path, most) {
      const made = await chosen.get(path);
      const bytes = made && (await pressed(made.canvas, most));
      return bytes && [bytes, made.width, made.height, made.ms];
    },

    // The page needs it no longer.
    drop(path) {
      chosen.delete(path);
      worker.postMessage({ drop: path });
    },

    // Gives a file to the person, by the browser's own way of saving. Undefined once it has it, or else the failure. A
    // browser would ask where a file goes, and write it there piece by piece, only for a hand that clicked just now, and a
    // large one has come for minutes.
    async save(message, number, name, size) {
      try {
        const url = URL.createObjectURL(await whole({ message, number, size }, "application/octet-stream"));
        const link = Object.assign(document.createElement("a"), { href: url, download: name });
        link.click();
        setTimeout(() => URL.revokeObjectURL(url), 60_000);
        return undefined;
      } catch (failure) {
        return typeof failure === "string" ? failure : JSON.stringify({ internal: { reason: String(failure) } });
      }
    },

    // Whether this browser reads QR codes.
    readsCodes: () => "BarcodeDetector" in globalThis,

    // What the code in the picture says that was taken or chosen there; undefined where none is seen.
    async codeIn(input) {
      const [file] = input.files;
      // The same picture can be chosen again.
      input.value = "";
      if (!file || !PICTURES.includes(file.type) || file.size > LARGEST_PICTURE) return undefined;
      const image = await createImageBitmap(file);
      const [code] = await new BarcodeDetector({ formats: ["qr_code"] }).detect(image);
      image.close();
      return code?.rawValue;
    },

    // Shows a picture large, with those before and after it in the conversation.
    async look(button, words) {
      const { view } = await import("{{viewer.js}}");
      const shows = ({ dataset: { type, size } }) => PICTURES.includes(type) && Number(size) <= LARGEST_PICTURE;
      const all = [...document.querySelectorAll("button.picture")].filter(shows);
      const load = ({ dataset: { message, number, size, type } }, goesOn) =>
        whole({ message, number: Number(number), size: Number(size) }, type, goesOn);
      view(all, Math.max(0, all.indexOf(button)), load, words.split("\n"));
    },
  };
};
