import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** Opens a connection to the service, for requests that no HTTP client would send. */
export async function openSocket(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

/**
 * Sends bytes as they are, and reads until the other side closes, or there is a whole answer.
 * @returns what came, with the status of the first answer; 0 without an answer
 */
export async function exchange(url: string, request: string | Buffer): Promise<{ status: number; text: string }> {
  const socket = await openSocket(url);
  socket.write(request);
  return readAnswer(socket);
}

/** Reads one answer from a connection, and closes it. */
export async function readAnswer(socket: Socket): Promise<{ status: number; text: string }> {
  let text = "";
  socket.setEncoding("utf8");
  for await (const chunk of socket) {
    text += chunk;
    if (isWhole(text)) break;
  }
  socket.destroy();
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text };
}

/** Reads all that comes until the connection is closed, from whichever side. */
export async function readToEnd(socket: Socket): Promise<string> {
  let text = "";
  socket.setEncoding("utf8").on("data", (part) => {
    text += part;
  });
  await new Promise((closed) => socket.once("close", closed));
  return text;
}

function isWhole(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, Math.max(0, end)))?.[1];
  return end !== -1 && length !== undefined && Buffer.byteLength(text.slice(end + 4)) >= Number(length);
}
