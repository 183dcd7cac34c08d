/** A Fastify with one empty route: what an answer costs that needs nothing. Prints its port. */
import { fastify } from "fastify";

const app = fastify();
app.get("/", async (_request, reply) => reply.header("content-type", "application/json").send('{"changes":[]}'));
await app.listen({ host: "127.0.0.1", port: 0 });
const address = app.server.address();
process.stdout.write(`${typeof address === "object" && address !== null ? address.port : ""}\n`);
