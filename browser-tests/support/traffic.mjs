// A way to a server on which every byte is counted, whoever asked for it: the page, its worker or the service worker.

import { connect, createServer } from "node:net";

/** Gives the address of a way to the server at `url`, and how much the server has sent on it. */
export async function counting(url) {
  const { hostname, port } = new URL(url);
  let sent = 0;
  const sockets = new Set();
  const listener = createServer((client) => {
    const server = connect(Number(port), hostname);
    for (const [one, other] of [[client, server], [server, client]]) {
      sockets.add(one);
      one.on("data", (data) => {
        if (one === server) sent += data.length;
        other.write(data);
      });
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
    sent: () => sent,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => listener.close(resolve));
    },
  };
}
