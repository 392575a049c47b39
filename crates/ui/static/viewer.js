// Pictures as large as one likes: by wheel, two fingers, keys or buttons.

const CLOSEST = 8;
const SVG = "http://www.w3.org/2000/svg";

const button = (icon, name, act) => {
  const made = Object.assign(document.createElement("button"), { type: "button", className: "icon-button", title: name });
  made.setAttribute("aria-label", name);
  const drawn = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  drawn.setAttribute("class", "icon");
  drawn.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#i-${icon}`);
  drawn.append(use);
  made.append(drawn);
  made.onclick = act;
  return made;
};

/** Shows the picture of one of these buttons. `load` gives a blob, or throws; `words` are the names of what can be done. */
export const view = (all, first, load, words) => {
  const [title, closing, nearer, farther, back, forth, broken] = words;
  const dialog = Object.assign(document.createElement("dialog"), { className: "viewer" });
  dialog.dataset.view = "viewer";
  dialog.setAttribute("aria-label", title);
  const name = document.createElement("h2");
  name.dir = "auto";
  const image = document.createElement("img");
  image.draggable = false;
  const stage = Object.assign(document.createElement("div"), { className: "viewer-stage" });
  const said = Object.assign(document.createElement("p"), { className: "viewer-said" });
  said.setAttribute("role", "status");
  stage.append(image, said);

  let at = first;
  let url;
  let [scale, x, y] = [1, 0, 0];
  const place = () => {
    image.style.setProperty("transform", `translate(${x}px, ${y}px) scale(${scale})`);
    dialog.toggleAttribute("data-near", scale > 1);
  };
  // Whatever is under this point stays under it.
  const zoom = (to, clientX, clientY) => {
    const area = stage.getBoundingClientRect();
    const [left, top] = [clientX - area.left - area.width / 2, clientY - area.top - area.height / 2];
    const next = Math.min(CLOSEST, Math.max(1, to));
    [x, y] = next === 1 ? [0, 0] : [left - ((left - x) * next) / scale, top - ((top - y) * next) / scale];
    scale = next;
    place();
  };
  const zoomInMiddle = (to) => {
    const area = stage.getBoundingClientRect();
    zoom(to, area.left + area.width / 2, area.top + area.height / 2);
  };

  const forget = () => {
    if (url) URL.revokeObjectURL(url);
    url = undefined;
  };
  const show = async (next) => {
    at = next;
    forget();
    [scale, x, y] = [1, 0, 0];
    place();
    const picture = all[at];
    name.textContent = picture.dataset.name;
    image.alt = picture.dataset.name;
    // The small one at once, as large as the whole will be.
    image.width = Number(picture.dataset.width);
    image.height = Number(picture.dataset.height);
    image.src = picture.querySelector("img")?.src ?? "";
    said.textContent = "";
    dialog.dataset.state = "loading";
    before.disabled = at === 0;
    after.disabled = at === all.length - 1;
    const isHere = () => dialog.open && at === next;
    try {
      const blob = await load(picture, isHere);
      if (!isHere()) return;
      const made = URL.createObjectURL(blob);
      const whole = Object.assign(new Image(), { src: made });
      try {
        await whole.decode();
      } catch (error) {
        URL.revokeObjectURL(made);
        throw error;
      }
      if (!isHere()) return URL.revokeObjectURL(made);
      forget();
      url = made;
      image.src = made;
      dialog.dataset.state = "ready";
    } catch {
      if (!isHere()) return;
      dialog.dataset.state = "failed";
      said.textContent = broken;
    }
  };
  const step = (by) => {
    if (at + by >= 0 && at + by < all.length) show(at + by);
  };

  const before = button("back", back, () => step(-1));
  const after = button("chevron", forth, () => step(1));
  before.classList.add("viewer-before");
  after.classList.add("viewer-after");
  const head = document.createElement("header");
  const close = button("close", closing, () => dialog.close());
  close.autofocus = true;
  head.append(
    name,
    button("none", farther, () => zoomInMiddle(scale / 1.5)),
    button("new", nearer, () => zoomInMiddle(scale * 1.5)),
    close,
  );
  dialog.append(head, stage, before, after);

  stage.onwheel = (event) => {
    event.preventDefault();
    zoom(scale * Math.exp(-event.deltaY / 400), event.clientX, event.clientY);
  };
  stage.ondblclick = (event) => zoom(scale > 1 ? 1 : 2.5, event.clientX, event.clientY);
  const fingers = new Map();
  let moved = 0;
  const apart = () => {
    const [one, other] = [...fingers.values()];
    return Math.hypot(one.x - other.x, one.y - other.y);
  };
  stage.onpointerdown = (event) => {
    if (fingers.size === 0) moved = 0;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    stage.setPointerCapture(event.pointerId);
  };
  stage.onpointermove = (event) => {
    const finger = fingers.get(event.pointerId);
    if (!finger) return;
    const [dx, dy] = [event.clientX - finger.x, event.clientY - finger.y];
    moved += Math.abs(dx) + Math.abs(dy);
    const was = fingers.size === 2 ? apart() : 0;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (fingers.size === 2 && was > 0) {
      const [one, other] = [...fingers.values()];
      zoom((scale * apart()) / was, (one.x + other.x) / 2, (one.y + other.y) / 2);
    } else if (scale > 1) {
      [x, y] = [x + dx, y + dy];
      place();
    }
  };
  const lift = (event) => {
    const wasThere = fingers.delete(event.pointerId);
    // A touch beside the picture closes, as with every dialog.
    const isBeside = () => {
      const area = image.getBoundingClientRect();
      const { clientX, clientY } = event;
      return clientX < area.left || clientX > area.right || clientY < area.top || clientY > area.bottom;
    };
    if (wasThere && event.type === "pointerup" && moved < 6 && isBeside()) dialog.close();
  };
  stage.onpointerup = lift;
  stage.onpointercancel = lift;
  dialog.onkeydown = (event) => {
    const keys = {
      ArrowLeft: () => step(-1),
      ArrowRight: () => step(1),
      "+": () => zoomInMiddle(scale * 1.5),
      "-": () => zoomInMiddle(scale / 1.5),
      0: () => zoomInMiddle(1),
    };
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  };
  dialog.onclose = () => {
    forget();
    dialog.remove();
    all[at]?.focus();
  };
  document.body.append(dialog);
  dialog.showModal();
  show(first);
};
