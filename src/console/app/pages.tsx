import { lazy, Suspense } from "react";
import { Redirect, Route, Switch } from "wouter";
import { hasCapability, isNetworkAdministrator, type Me, useMe } from "../api/session.ts";
import { SignInPage } from "../pages/sign-in/sign-in-page.tsx";
import { ProblemAlert } from "../parts/problem-alert.tsx";
import { Waiting } from "../parts/waiting.tsx";
import { NotFound } from "./not-found.tsx";
import { Shell } from "./shell.tsx";

const TodayPage = lazy(() => import("../pages/today/today-page.tsx"));
const ImportsPage = lazy(() => import("../pages/imports/imports-page.tsx"));
const NewImportPage = lazy(() => import("../pages/imports/new-import-page.tsx"));
const ImportPage = lazy(() => import("../pages/imports/import-page.tsx"));
const PeoplePage = lazy(() => import("../pages/people/people-page.tsx"));
const NewPersonPage = lazy(() => import("../pages/people/new-person-page.tsx"));
const PersonPage = lazy(() => import("../pages/people/person-page.tsx"));
const GroupsPage = lazy(() => import("../pages/groups/groups-page.tsx"));
const NewGroupPage = lazy(() => import("../pages/groups/new-group-page.tsx"));
const GroupPage = lazy(() => import("../pages/groups/group-page.tsx"));
const MyGroupsPage = lazy(() => import("../pages/groups/my-groups-page.tsx"));
const LocationsPage = lazy(() => import("../pages/locations/locations-page.tsx"));
const SourcesPage = lazy(() => import("../pages/sources/sources-page.tsx"));
const SourcePage = lazy(() => import("../pages/sources/source-page.tsx"));
const SettingsPage = lazy(() => import("../pages/settings/settings-page.tsx"));
const MePage = lazy(() => import("../pages/me/me-page.tsx"));
const AuditPage = lazy(() => import("../pages/audit/audit-page.tsx"));
const PendingPage = lazy(() => import("../pages/pending/pending-page.tsx"));

/** Chooses the page of the address, of those that the signed-in person may see. */
export function Pages() {
  const me = useMe();
  if (me.isPending) return <Waiting />;
  if (me.isError) return <ProblemAlert error={me.error} retry={() => void me.refetch()} />;
  if (me.data === null) return <SignInPage />;
  return (
    <Shell me={me.data}>
      <Suspense fallback={<Waiting />}>
        {isNetworkAdministrator(me.data) ? <AdministratorPages me={me.data} /> : <OtherPages me={me.data} />}
      </Suspense>
    </Shell>
  );
}

function AdministratorPages({ me }: { readonly me: Me }) {
  return (
    <Switch>
      <Route path="/">
        <TodayPage me={me} />
      </Route>
      <Route path="/imports" component={ImportsPage} />
      <Route path="/imports/new" component={NewImportPage} />
      <Route path="/imports/:id">{({ id }) => <ImportPage id={id} me={me} />}</Route>
      <Route path="/pending" component={PendingPage} />
      <Route path="/people" component={PeoplePage} />
      <Route path="/people/new" component={NewPersonPage} />
      <Route path="/people/:id">{({ id }) => <PersonPage id={id} key={id} />}</Route>
      <Route path="/groups" component={GroupsPage} />
      <Route path="/groups/new" component={NewGroupPage} />
      <Route path="/groups/:id">{({ id }) => <GroupPage groupId={decodeURIComponent(id)} me={me} key={id} />}</Route>
      <Route path="/locations" component={LocationsPage} />
      <Route path="/sources" component={SourcesPage} />
      <Route path="/sources/:name">{({ name }) => <SourcePage name={name} me={me} key={name} />}</Route>
      <Route path="/settings" component={SettingsPage} />
      <Route path="/audit" component={AuditPage} />
      <Route path="/me">
        <MePage me={me} />
      </Route>
      <Route component={NotFound} />
    </Switch>
  );
}

function OtherPages({ me }: { readonly me: Me }) {
  return (
    <Switch>
      <Route path="/">
        <Redirect to={hasCapability(me, "decide") ? "/pending" : "/me"} replace />
      </Route>
      <Route path="/pending" component={PendingPage} />
      <Route path="/my-groups">
        <MyGroupsPage me={me} />
      </Route>
      <Route path="/groups/:id">{({ id }) => <GroupPage groupId={decodeURIComponent(id)} me={me} key={id} />}</Route>
      <Route path="/me">
        <MePage me={me} />
      </Route>
      <Route component={NotFound} />
    </Switch>
  );
}
