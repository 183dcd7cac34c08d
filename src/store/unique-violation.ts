import { asOfDriver } from "./unavailable.ts";

/** Whether PostgreSQL refused a row because a unique index has its values already (its manual, appendix A: 23505). */
export const isUniqueViolation = (error: unknown): boolean => asOfDriver(error).code === "23505";
