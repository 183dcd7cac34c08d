import type { ServerResponse } from "node:http";
import type { HttpLimits } from "../contract/limits.ts";

/**
 * Cuts off a client that does not read its answer: one that takes nothing for `answerPause` although there is something to
 * take, or whose answer has taken `answerWhole`. Call it before the answer's first byte. It closes the connection, so that the
 * client sees that the answer is incomplete.
 * @param cutOff called when it happens
 */
export function watchReader(
  response: ServerResponse,
  { answerPause, answerWhole }: Pick<HttpLimits, "answerPause" | "answerWhole">,
  cutOff: () => void,
): void {
  const { socket } = response;
  // Requests that are injected have no connection.
  if (typeof socket?.setTimeout !== "function") return;
  const end = () => {
    cutOff();
    response.destroy();
  };
  // Node.js calls it when nothing has moved on the connection for that long.
  response.setTimeout(answerPause, () => {
    if (response.writableNeedDrain || response.writableEnded || socket.writableLength > 0) end();
    // The service itself is slow.
    else socket.setTimeout(answerPause);
  });
  const whole = setTimeout(end, answerWhole);
  whole.unref();
  response.once("close", () => clearTimeout(whole));
}
