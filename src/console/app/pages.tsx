import { Center, Loader } from "@mantine/core";
import { lazy, Suspense } from "react";
import { Redirect, Route, Switch } from "wouter";
import { isNetworkAdministrator, type Me, useMe } from "../api/session.ts";
import { SignInPage } from "../pages/sign-in/sign-in-page.tsx";
import { ProblemAlert } from "../parts/problem-alert.tsx";
import { NotFound } from "./not-found.tsx";
import { Shell } from "./shell.tsx";

const TodayPage = lazy(() => import("../pages/today/today-page.tsx"));
const ImportsPage = lazy(() => import("../pages/imports/imports-page.tsx"));
const NewImportPage = lazy(() => import("../pages/imports/new-import-page.tsx"));
const ImportPage = lazy(() => import("../pages/imports/import-page.tsx"));
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
        {isNetworkAdministrator(me.data) ? <AdministratorPages me={me.data} /> : <OtherPages />}
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
      <Route component={NotFound} />
    </Switch>
  );
}

function OtherPages() {
  return (
    <Switch>
      <Route path="/">
        <Redirect to="/pending" replace />
      </Route>
      <Route path="/pending" component={PendingPage} />
      <Route component={NotFound} />
    </Switch>
  );
}

function Waiting() {
  return (
    <Center mih="40vh">
      <Loader aria-label="Loading" />
    </Center>
  );
}
