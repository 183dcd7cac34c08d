import { z } from "zod";

/** The query of the addresses of version 2; parameters that nobody knows are ignored. */
export const keyQuery = {
  api_key: z.string().max(400).optional().describe("The API key. It may come as `Authorization` as well."),
};
