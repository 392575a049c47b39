// Voice notes, as people speak and hear them in the web app.

/** Speaks for so many seconds. */
export async function speak(page, seconds = 2) {
  await page.getByRole("button", { name: "Record a voice note" }).click();
  await bar(page, "recording").waitFor();
  await page.waitForFunction((seconds) => {
    const [minutes, rest] = document.querySelector(".voice-elapsed").textContent.split(":");
    return 60 * Number(minutes) + Number(rest) >= seconds;
  }, seconds);
}

/** The bar that stands in place of the field, where it stands so. */
export function bar(page, state) {
  return page.locator(`[data-view="voice"][data-state="${state}"]`).filter({ visible: true });
}

/** Sends what was spoken, and waits until one can write again. */
export async function sendNote(page) {
  await page.getByRole("button", { name: "Send the voice note" }).click();
  await page.locator("#composer-text").waitFor();
}

/** Has this page keep the microphone that it was given last, as `microphone`. */
export function keepMicrophone(page) {
  return page.addInitScript(() => {
    const listen = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wished) => {
      const stream = await listen(wished);
      [window.microphone] = stream.getAudioTracks();
      return stream;
    };
  });
}

/** Has this page refuse the microphone as a browser does: by the name of its error. */
export function refuseMicrophone(page, error) {
  return page.addInitScript((error) => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("not here", error));
  }, error);
}
