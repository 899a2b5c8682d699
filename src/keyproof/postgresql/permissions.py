"""The rights needed to read a server's roles, and the SQL that grants exactly those."""

PERMISSIONS = (
    "CONNECT on one database",
    "SELECT (oid, xmin) ON pg_catalog.pg_authid",
    "USAGE ON SCHEMA keyproof",
    "EXECUTE ON FUNCTION keyproof.password_kinds()",
    "SELECT ON pg_catalog.pg_hba_file_rules",
    "EXECUTE ON FUNCTION pg_catalog.pg_hba_file_rules()",
)
"""All but the first may be left out: what they show is then not evaluated."""

GRANTS = """\
create schema if not exists keyproof;
-- Tells how a password is kept, never the verifier itself: only a superuser's function can look.
create or replace function keyproof.password_kinds() returns table (role name, kind text)
  language sql security definer set search_path = pg_catalog stable as $$
    select rolname, case when rolpassword is null then 'none'
      when rolpassword like 'SCRAM-SHA-256$%' then 'scram-sha-256'
      when rolpassword like 'md5%' then 'md5' else 'other' end
    from pg_catalog.pg_authid $$;
revoke all on function keyproof.password_kinds() from public;
grant usage on schema keyproof to keyproof;
grant execute on function keyproof.password_kinds() to keyproof;
-- The transaction that last wrote a role; its time needs track_commit_timestamp = on.
grant select (oid, xmin) on pg_catalog.pg_authid to keyproof;
grant select on pg_catalog.pg_hba_file_rules to keyproof;
grant execute on function pg_catalog.pg_hba_file_rules() to keyproof;
"""
"""For a superuser to run, once there is a role `keyproof`."""
