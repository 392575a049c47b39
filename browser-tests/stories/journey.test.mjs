// A file on a long way with interruptions. The long run sends a large one.

import { thereAndBack, UNSERVED } from "../support/journey.mjs";
import { server, story } from "../support/story.mjs";

const MIB = 1024 * 1024;
const running = server("--file-size-mib", "64");

story("a file goes from a terminal to a browser and back, is interrupted three times, and is the same", running, async (stage) => {
  const { page } = await stage.newcomer("member", UNSERVED);
  await thereAndBack(stage, page, 48 * MIB + 77, 60_000);
});
