import type { Notifications } from "../store/notifications.ts";
import { createRemembered, type Remembered } from "../store/remembered.ts";
import type { Service } from "./services.ts";

/** A key as it is stored. */
export interface StoredKey {
  readonly organization_id: number;
  readonly id: string;
  readonly name: string;
  readonly services: Service[];
  readonly key_hash: Buffer;
  readonly source: number | null;
  readonly expires_at: Date | null;
  readonly last_used_at: Date | null;
  readonly revoked_at: Date | null;
  readonly allowed_addresses: string[];
  readonly previous_hash: Buffer | null;
  readonly previous_until: Date | null;
  readonly previous_last_used_at: Date | null;
}

/**
 * Remembers the owners of keys by the key's hash (hexadecimal). It does not remember unknown keys, so that nobody can
 * fill the memory with them.
 */
export type KnownKeys = Pick<Remembered<string, StoredKey>, "get" | "look"> & {
  /** Some key has changed. */
  readonly forget: () => void;
};

const channel = "muster_api_keys";

/**
 * Makes the memory of a process. It forgets all keys whenever any changes: that is rare.
 * @param notifications are started by the first look
 * @param now a clock that only goes forward, in milliseconds
 */
export function createKnownKeys(notifications: Notifications, now: () => number): KnownKeys {
  const keys = createRemembered<string, StoredKey>(now);
  const forget = () => keys.forget();
  notifications.listen(channel, {
    notified: forget,
    connected: () => keys.trust(true),
    broken: () => keys.trust(false),
  });
  return {
    get: keys.get,
    look(hash) {
      notifications.start();
      return keys.look(hash);
    },
    forget,
  };
}
