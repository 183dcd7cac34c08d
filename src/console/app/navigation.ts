import {
  IconAddressBook,
  IconBuilding,
  IconCalendarEvent,
  IconClipboardCheck,
  IconDatabaseImport,
  IconHistory,
  IconPlugConnected,
  IconSettings,
  IconUsers,
  IconUsersGroup,
} from "@tabler/icons-react";
import { hasCapability, isNetworkAdministrator, type Me } from "../api/session.ts";

/** A page in the navigation. */
export interface NavigationEntry {
  readonly label: string;
  readonly href: string;
  readonly icon: typeof IconUsers;
}

const administrators: readonly NavigationEntry[] = [
  { label: "Today", href: "/", icon: IconCalendarEvent },
  { label: "Imports", href: "/imports", icon: IconDatabaseImport },
  { label: "Pending", href: "/pending", icon: IconClipboardCheck },
  { label: "People", href: "/people", icon: IconUsers },
  { label: "Groups", href: "/groups", icon: IconUsersGroup },
  { label: "Locations", href: "/locations", icon: IconBuilding },
  { label: "Sources", href: "/sources", icon: IconPlugConnected },
  { label: "Settings", href: "/settings", icon: IconSettings },
  { label: "Audit", href: "/audit", icon: IconHistory },
];
const pending: NavigationEntry = { label: "Pending", href: "/pending", icon: IconClipboardCheck };
const ownGroups: NavigationEntry = { label: "My groups", href: "/my-groups", icon: IconUsersGroup };
const ownPage: NavigationEntry = { label: "My page", href: "/me", icon: IconAddressBook };

/** The pages that a person may use, in their order. */
export function navigationFor(me: Me): readonly NavigationEntry[] {
  if (isNetworkAdministrator(me)) return [...administrators, ownPage];
  if (hasCapability(me, "decide")) return [pending, ownGroups, ownPage];
  return [ownPage];
}
