// A file of 5 GB on its way from a terminal to a browser and back.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

import { thereAndBack, UNSERVED, watches } from "../support/journey.mjs";
import { server, story } from "../support/story.mjs";
import { figure, round } from "../support/watching.mjs";

const SIZE = Number(process.env.HUIS_STORY_FILE ?? 5_000_000_000);
const WAY_MS = 30 * 60_000;
const running = server("--file-size-mib", "8192", "--files-total-mib", "20480", "--file-quota-mib", "10240");
// What a browser keeps in memory has no room for it.
const folder = await mkdtemp(join(tmpdir(), "huis-browser-own-"));
after(() => rm(folder, { recursive: true, force: true }));

story("a file of 5 GB goes from a terminal to a browser and back", running, tell, { timeout: 4 * WAY_MS });

async function tell(stage) {
  const { page } = await stage.newcomer("member", { ...UNSERVED, folder });
  const took = await thereAndBack(stage, page, SIZE, WAY_MS, watches);
  for (const [way, seconds] of Object.entries(took)) figure(`5 GB, ${way}, MB/s`, round(SIZE / 1e6 / seconds));
}
