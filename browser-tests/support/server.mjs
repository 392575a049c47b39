// A real server: the binary under test, on a port of its own, in a folder of its own.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";

/** The binary under test. */
export const HUIS = process.env.HUIS_BINARY;
if (!HUIS) throw new Error("HUIS_BINARY names no binary; run `cargo xtask test browser`");
/** The bench, which has the engine of a terminal's profile say much. */
const BENCH = process.env.HUIS_BENCH_BINARY;

const STARTS_WITHIN_MS = 60_000;

export class Server {
  /** Starts one with its own data; `settings` are further arguments of `huis serve`. */
  static async start(...settings) {
    const server = new Server();
    server.settings = settings;
    server.folder = await mkdtemp(join(tmpdir(), "huis-browser-"));
    server.listen = "127.0.0.1:0";
    await server.run();
    return server;
  }

  async run() {
    const data = join(this.folder, "server");
    this.process = spawn(HUIS, ["serve", "--data", data, "--listen", this.listen, ...this.settings], {
      stdio: ["ignore", "pipe", "pipe"],
      env: this.environment(),
    });
    this.said = "";
    this.ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.stderr.on("data", (data) => (this.said += data));
    const lines = createInterface({ input: this.process.stdout });
    const ready = new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`the server does not start: ${this.said}`)), STARTS_WITHIN_MS);
      lines.on("line", (line) => {
        const url = /serves (https?:\/\/\S+)/.exec(line)?.[1];
        if (url) this.url = url;
        const words = /Access passphrase: (.+)/.exec(line)?.[1];
        if (words) this.passphrase = words;
        // Stands there until somebody has it.
        const claim = / --claim (\S+)/.exec(line)?.[1];
        if (claim) this.claim = claim;
        const link = /^\s+(https?:\/\/\S+\/#?\S*)$/.exec(line)?.[1];
        if (link) {
          this.link = link;
          clearTimeout(late);
          resolve();
        }
      });
      this.ended.then((code) => {
        clearTimeout(late);
        reject(new Error(`the server ended with ${code}: ${this.said}`));
      });
    });
    await ready;
    this.listen = new URL(this.url).host;
  }

  /** Nothing of our own environment: the server refuses settings that it does not know. */
  environment() {
    return { PATH: process.env.PATH, HOME: this.folder };
  }

  /** Kills it at once, as a power cut does. */
  async kill() {
    this.process.kill("SIGKILL");
    await this.ended;
  }

  /** Ends it in order. */
  async stop() {
    this.process.kill("SIGTERM");
    await this.ended;
  }

  async remove() {
    if (this.process.exitCode === null && this.process.signalCode === null) await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Runs a client's command in the terminal, as the person of that profile, and gives what it printed. */
  async terminal(profile, ...args) {
    const environment = { ...this.environment(), HUIS_PASSWORD: PASSWORD };
    return output(HUIS, ["--profile", join(this.folder, profile), ...args], environment);
  }

  /** Gives the account of that profile another identity key, and a new password. */
  async renewsIdentity(profile, password) {
    const environment = { ...this.environment(), HUIS_PASSWORD: PASSWORD, HUIS_NEW_PASSWORD: password };
    return output(HUIS, ["--profile", join(this.folder, profile), "identity", "renew"], environment);
  }

  /** Runs a client's command as `terminal` does, and leaves it running. */
  starts(profile, ...args) {
    const env = { ...this.environment(), HUIS_PASSWORD: PASSWORD };
    const child = spawn(HUIS, ["--profile", join(this.folder, profile), ...args], { stdio: ["ignore", "ignore", "pipe"], env });
    let said = "";
    child.stderr.on("data", (data) => (said += data));
    const ended = new Promise((resolve) => child.once("close", resolve));
    return { ended, said: () => said, kill: () => child.kill("SIGKILL") };
  }

  /** Somebody with an account and a terminal, who is in the lobby. */
  async newcomerInTerminal(profile) {
    await this.terminal(profile, "register", profile, "--server", this.url, "--access-passphrase", this.passphrase);
    await this.terminal(profile, "room", "join", "lobby");
  }

  /** Has the person of that profile say many numbered messages (`huis-bench say`), and gives what it printed. */
  async says(profile, to, ...args) {
    if (!BENCH) throw new Error("HUIS_BENCH_BINARY names no binary");
    const lines = await output(BENCH, ["say", to, "--profile", join(this.folder, profile), ...args.map(String)], this.environment());
    return lines.trim().split("\n").map((line) => JSON.parse(line));
  }
}

async function output(program, args, env) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env });
  let out = "";
  let err = "";
  child.stdout.on("data", (data) => (out += data));
  child.stderr.on("data", (data) => (err += data));
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`${basename(program)} ${args.join(" ")} ended with ${code}: ${err}`);
  return out;
}

/** A password that is strong enough, and no secret. */
export const PASSWORD = "correct-horse-battery-staple-42";
