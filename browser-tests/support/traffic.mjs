// A way to a server on which every byte is counted, whoever asked for it: the page, its worker or the service worker.

import { connect, createServer } from "node:net";

/** Gives the address of a way to the server at `url`, and how much went on it. */
export async function counting(url) {
  const { hostname, port } = new URL(url);
  let sent = 0;
  let received = 0;
  // Where the way ends for what clients send, while somebody wishes that it ends.
  let closing;
  const sockets = new Set();
  const listener = createServer((client) => {
    const server = connect(Number(port), hostname);
    for (const [one, other] of [[client, server], [server, client]]) {
      sockets.add(one);
      one.on("data", (data) => {
        if (one === server) {
          sent += data.length;
        } else {
          received += data.length;
          if (closing && received > closing.at) {
            closing.reached();
            return;
          }
        }
        // A large file is not kept here.
        if (!other.write(data)) one.pause();
      });
      other.on("drain", () => one.resume());
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${listener.address().port}`,
    /** What the server has sent, in bytes. */
    sent: () => sent,
    /** What clients have sent, in bytes. */
    received: () => received,
    /** Lets so many more bytes of clients through and nothing behind them. Ends when they are through. */
    closesAfter: (bytes) => new Promise((reached) => (closing = { at: received + bytes, reached })),
    opens: () => (closing = undefined),
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => listener.close(resolve));
    },
  };
}
