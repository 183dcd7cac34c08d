import { adminKey } from "../service.ts";

/** Changes something by the API, whatever its version is. */
export async function change(url: string, method: string, path: string, body: object): Promise<void> {
  const authorization = `Bearer ${adminKey}`;
  const headers: Record<string, string> = { authorization, "content-type": "application/json" };
  if (method === "PATCH") {
    const read = await fetch(url + path, { headers: { authorization } });
    headers["if-match"] = read.headers.get("etag") ?? "*";
    await read.body?.cancel();
  }
  const answer = await fetch(url + path, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
}
