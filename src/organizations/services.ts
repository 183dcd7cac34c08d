/** A service that an API key can be allowed. */
export const services = ["import", "retrieve", "groups", "approvals", "admin"] as const;
export type Service = (typeof services)[number];
