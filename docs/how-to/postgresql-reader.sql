-- The rights keyproof needs to read the roles of a PostgreSQL server, and no other. Run as a superuser, after
--   create role keyproof login; \password keyproof
-- Each of them may be left out: what it shows is then not evaluated.
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
