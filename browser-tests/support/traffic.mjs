// A way to a server on which every byte is counted, whoever asked for it: the page, its worker or the service worker.

import { createServer as createWay, request as ask } from "node:http";
import { connect, createServer } from "node:net";

/** Gives the address of a way to the server at `url`, and how much went on it. */
export async function counting(url) {
  const { hostname, port } = new URL(url);
  let sent = 0;
  let received = 0;
  // Where the way ends for what clients send, while somebody wishes that it ends.
  let closing;
  // Where what the server sends is held, and who waits there.
  let holding;
  const held = new Set();
  const sockets = new Set();
  const listener = createServer((client) => {
    const server = connect(Number(port), hostname);
    // What comes behind a gap never goes through: of a connection only the end can be lost.
    let isCut = false;
    for (const [one, other] of [[client, server], [server, client]]) {
      sockets.add(one);
      one.on("data", (data) => {
        if (one === server) {
          sent += data.length;
          if (holding && sent > holding.at) {
            holding.reached();
            held.add({ data, one, other });
            one.pause();
            return;
          }
        } else {
          received += data.length;
          if (closing && received > closing.at) {
            isCut = true;
            closing.reached();
          }
          if (isCut) return;
        }
        // A large file is not kept here.
        if (!other.write(data)) one.pause();
      });
      other.on("drain", () => {
        if (![...held].some((part) => part.one === one)) one.resume();
      });
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  // Nobody waits for it where a story ends before.
  listener.unref();
  return {
    url: `http://127.0.0.1:${listener.address().port}`,
    /** What the server has sent, in bytes. */
    sent: () => sent,
    /** What clients have sent, in bytes. */
    received: () => received,
    /** Lets so many more bytes of clients through and nothing behind them. Ends when they are through. */
    closesAfter: (bytes) => new Promise((reached) => (closing = { at: received + bytes, reached })),
    opens: () => (closing = undefined),
    /** Lets so many more bytes of the server through and holds those behind them. Ends when they are through. */
    holdsAfter: (bytes) => new Promise((reached) => (holding = { at: sent + bytes, reached })),
    /** Lets go what is held, and holds nothing more. */
    letsGo: () => {
      holding = undefined;
      for (const { data, one, other } of held) {
        other.write(data);
        one.resume();
      }
      held.clear();
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => listener.close(resolve));
    },
  };
}

/** Gives the address of a way to the server at `url` on which what it serves can be changed. */
export async function changing(url) {
  const { hostname, port } = new URL(url);
  const changes = new Map();
  const counts = new Map();
  const sockets = new Set();
  const asked = ({ method, url: path, headers }) => ({ host: hostname, port, method, path, headers });
  const listener = createWay((request, response) => {
    const change = changes.get(request.url);
    counts.set(request.url, (counts.get(request.url) ?? 0) + 1);
    // What is changed is read as text.
    if (change) delete request.headers["accept-encoding"];
    const further = ask(asked(request), async (answer) => {
      if (!change || answer.statusCode !== 200) {
        response.writeHead(answer.statusCode, answer.rawHeaders);
        answer.pipe(response);
        return;
      }
      const parts = [];
      for await (const part of answer) parts.push(part);
      const { "content-length": _, etag: __, ...headers } = answer.headers;
      response.writeHead(200, headers).end(change(Buffer.concat(parts).toString()));
    });
    further.on("error", () => response.destroy());
    response.on("close", () => further.destroy());
    request.pipe(further);
  });
  listener.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  listener.on("upgrade", (request, socket, head) => {
    const further = ask(asked(request));
    further.on("upgrade", (answer, server, rest) => {
      const lines = [`HTTP/1.1 101 ${answer.statusMessage}`];
      for (let at = 0; at < answer.rawHeaders.length; at += 2) lines.push(`${answer.rawHeaders[at]}: ${answer.rawHeaders[at + 1]}`);
      socket.write(`${lines.join("\r\n")}\r\n\r\n`);
      socket.write(rest);
      server.write(head);
      socket.pipe(server).pipe(socket);
      socket.on("error", () => server.destroy());
      server.on("error", () => socket.destroy());
    });
    further.on("error", () => socket.destroy());
    further.end();
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  // Nobody waits for it where a story ends before.
  listener.unref();
  return {
    url: `http://127.0.0.1:${listener.address().port}`,
    /** From here on what is served at this path is what `change` makes of it. */
    change: (path, change) => changes.set(path, change),
    /** How often this path was asked for. */
    asked: (path) => counts.get(path) ?? 0,
    /** Breaks every connection that stands; others can be made at once. */
    breaks: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => listener.close(resolve));
    },
  };
}
