// The app as a browser installs it: what it is called, what it begins with, its pictures.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { server, story } from "../support/story.mjs";

const running = server();

/** The width and height that stand in a PNG (ISO/IEC 15948, section 11.2.2). */
function sizeOf(png) {
  assert.deepEqual([...png.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  assert.equal(png.toString("latin1", 12, 16), "IHDR");
  return `${png.readUInt32BE(16)}x${png.readUInt32BE(20)}`;
}

story("a browser finds nothing that keeps the app from being installed", running, async (stage) => {
  // A browser that keeps nothing installs nothing.
  const folder = await mkdtemp(join(tmpdir(), "huis-installing-"));
  const page = await stage.page({ folder });
  await page.goto(`${stage.server.url}/`);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  const session = await page.context().newCDPSession(page);
  const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
  assert.deepEqual(installabilityErrors, []);
  const { errors } = await session.send("Page.getAppManifest");
  assert.deepEqual(errors, []);
  const { appId } = await session.send("Page.getAppId");
  assert.equal(appId, `${stage.server.url}/`, "it stays the same app when its first page is another one");
  await page.close();
  await stage.contexts.at(-1).close();
  await rm(folder, { recursive: true, force: true });
});

story("the manifest says what is so, and each picture has the size that is said of it", running, async (stage) => {
  const page = await stage.page();
  await page.goto(`${stage.server.url}/`);
  const href = await page.locator('link[rel="manifest"]').getAttribute("href");
  const answer = await page.request.get(new URL(href, stage.server.url).href);
  assert.match(answer.headers()["content-type"], /^application\/manifest\+json/);
  const manifest = await answer.json();
  assert.deepEqual([manifest.id, manifest.start_url, manifest.scope, manifest.display], ["/", "/", "/", "standalone"]);
  assert.ok(manifest.name && manifest.short_name && manifest.description);

  const purposes = new Set();
  const sizes = new Set();
  for (const { src, sizes: said, type, purpose } of manifest.icons) {
    const icon = await page.request.get(new URL(src, stage.server.url).href);
    assert.equal(icon.status(), 200, src);
    assert.equal(icon.headers()["content-type"].split(";")[0], type, src);
    purposes.add(purpose);
    if (type === "image/png") {
      assert.equal(sizeOf(await icon.body()), said, src);
      sizes.add(said);
    } else {
      assert.equal(said, "any", src);
      assert.match(await icon.text(), /<svg[^>]+viewBox=/, src);
    }
  }
  assert.deepEqual([...purposes].sort(), ["any", "maskable"]);
  for (const size of ["192x192", "512x512"]) assert.ok(sizes.has(size), `an icon of ${size}`);
});
