-- Asked before the organization is known: the provider at which the people of an organization sign in. Without an
-- organization: the only provider, if there is exactly one.
create function find_identity_providers(organization integer)
  returns table (organization_id integer, issuer text, audience text)
  language sql stable security definer set search_path = public, pg_temp
  as $$
    select id, oidc_issuer, oidc_audience from organizations
    where oidc_issuer is not null and (organization is null or id = organization)
    limit 2
  $$;
revoke execute on function find_identity_providers(integer) from public;
grant execute on function find_identity_providers(integer) to muster_service;
